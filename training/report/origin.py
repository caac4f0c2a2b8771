"""Where a package comes from: hashes of data and configuration, seed, and the versions of all tools."""

from __future__ import annotations

from models.manifest import Manifest
from training.page import heading, table
from training.run import Request
from training.text import Text


def origin(request: Request, manifest: Manifest) -> str:
    """The report's last section."""
    training = manifest.training
    rows = [
        (Text("data", "数据"), training.data_sha256),
        (Text("configuration", "配置"), training.config_sha256),
        (Text("seed", "随机种子"), training.seed),
        (Text("region", "检测区域"), manifest.geometry.roi or Text("whole picture", "整幅图像")),
        (Text("created", "创建时间"), request.created),
    ]
    head = (Text("what", "内容"), Text("value", "值"))
    return heading(Text("Origin", "来源")) + table(head, [*rows, *sorted(training.tools.items())])
