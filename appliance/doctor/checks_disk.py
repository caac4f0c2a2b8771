"""Checks of the disk under the state directory."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.patient import Patient
from appliance.pipeline.health import DISK_FAULT_BYTES, DISK_WARN_BYTES
from appliance.store.shelves import held_in

_MB = 1_000_000
_WRITE_SEARCH = 3
_FEW_INODES, _NO_INODES = 0.05, 0.005
_WRITES = 5
_SLOW_S, _TOO_SLOW_S = 0.05, 0.5
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"})
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_FREE_SPACE = Text(
    "free space, or lower quota_mb of [archive] or [evidence]", "请清理磁盘或降低 [archive]、[evidence] 的 quota_mb"
)


def _space(patient: Patient) -> Finding:
    disk = patient.machine.disk(_standing(patient.state.root))
    free = disk.f_bavail * disk.f_frsize
    found = Text(f"{free // _MB} MB free", f"剩余 {free // _MB} MB")
    if free < DISK_FAULT_BYTES:
        return failed(found, _FREE_SPACE)
    archive, evidence = patient.config.archive.quota_mb * _MB, patient.config.evidence.quota_mb * _MB
    quota = archive + evidence
    to_come = max(0, archive - held_in(patient.state.pictures)) + max(0, evidence - held_in(patient.state.evidence))
    if free < DISK_WARN_BYTES or free < to_come:
        return warned(
            Text(
                f"{found.en}, pictures and evidence may still take {to_come // _MB} MB",
                f"{found.zh}，图片和证据还可能占用 {to_come // _MB} MB",
            ),
            _FREE_SPACE,
        )
    return passed(
        f"{found.en}, pictures and evidence at most {quota // _MB} MB", f"{found.zh}，图片和证据上限 {quota // _MB} MB"
    )


def _inodes(patient: Patient) -> Finding:
    disk = patient.machine.disk(_standing(patient.state.root))
    if disk.f_files == 0:
        return passed("this file system has no limit of files", "该文件系统不限文件数")
    share = disk.f_favail / disk.f_files
    found = Text(
        f"room for {disk.f_favail} more files ({share:.0%})", f"还可建立 {disk.f_favail} 个文件（{share:.0%}）"
    )
    remedy = Text("remove small files; df -i shows where they are", "请删除小文件；可用 df -i 查看")
    if share < _NO_INODES:
        return failed(found, remedy)
    return warned(found, remedy) if share < _FEW_INODES else Finding("pass", found)


def _write(patient: Patient) -> Finding:
    folder = _standing(patient.state.root)
    try:
        took_s = statistics.median(_write_times(folder, patient))
    except OSError as error:
        return failed(
            Text(f"{folder} cannot be written ({error.strerror})", f"无法写入 {folder}（{error.strerror}）"),
            Text(
                "free the disk, remount it writable, or correct [station] state_dir",
                "请清理磁盘、以可写方式挂载或更正 state_dir",
            ),
        )
    found = Text(f"a synced write takes {took_s * 1000:.1f} ms", f"一次同步写入 {took_s * 1000:.1f} ms")
    remedy = Text("use a faster disk: every verdict waits for it", "请换更快的磁盘：每个判定都要等待写入")
    if took_s > _TOO_SLOW_S:
        return failed(found, remedy)
    return warned(found, remedy) if took_s > _SLOW_S else Finding("pass", found)


def _write_times(folder: Path, patient: Patient) -> list[float]:
    """Seconds of each of five writes with fsync; the file has no name and is gone when it is closed."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_WRITES):
            began = patient.machine.monotonic()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append(patient.machine.monotonic() - began)
    return times


def _kind(patient: Patient) -> Finding:
    mount = _mount(_standing(patient.state.root).resolve(), patient.machine.text("proc/self/mountinfo") or "")
    if mount is None:
        return unknown(
            Text("the kernel does not name the file system", "无法获知文件系统类型"),
            Text("see with: findmnt -T the state directory", "请用 findmnt -T 查看状态目录"),
        )
    kind, source = mount
    if kind in _NETWORK:
        return failed(
            Text(f"{kind}: locks and the journal do not hold on a network disk", f"{kind}：网络磁盘上锁和结果库不可靠"),
            Text("put [station] state_dir on a disk of this machine", "请将 [station] state_dir 放在本机磁盘"),
        )
    if kind in _IN_MEMORY:
        return warned(
            Text(f"{kind}: everything is lost when the machine is switched off", f"{kind}：断电后全部丢失"),
            Text("put [station] state_dir on a disk", "请将 [station] state_dir 放在磁盘上"),
        )
    if "mmcblk" in source:
        return warned(
            Text(f"{source} is an SD card or eMMC: slow, and it wears out", f"{source} 为 SD 卡或 eMMC：较慢且会磨损"),
            Text("use an SSD for the state directory", "状态目录请使用 SSD"),
        )
    return passed(f"{kind} on {source}", f"{source}（{kind}）")


def _mount(path: Path, mountinfo: str) -> tuple[str, str] | None:
    """File system and device of the deepest mount above `path`: `… root mountpoint options … - type source …`."""
    best: tuple[int, str, str] | None = None
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        words, rest = left.split(), right.split()
        if len(words) < 5 or len(rest) < 2:
            continue
        point = Path(words[4].replace("\\040", " "))
        # Later mounts lie over earlier ones at the same place.
        if (path == point or point in path.parents) and (best is None or len(point.parts) >= best[0]):
            best = len(point.parts), rest[0], rest[1]
    return best[1:] if best else None


def _standing(path: Path) -> Path:
    """The path, or what of it is there already."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _data_set(patient: Patient) -> Finding:
    """Where a collecting station keeps its pictures; it makes the folder, not the one above."""
    collect = patient.config.collect
    assert collect is not None
    folder = collect.data_set if collect.data_set.exists() else collect.data_set.parent
    if not folder.is_dir() or not patient.user.may(_WRITE_SEARCH, folder.stat()):
        return failed(
            Text(f"{folder} is not there, or cannot be written", f"{folder} 不存在或不可写"),
            Text(
                "make it or mount its disk, or correct [collect] data_set",
                "请建立或挂载该目录，或更正 [collect] data_set",
            ),
        )
    disk = patient.machine.disk(folder)
    free = disk.f_bavail * disk.f_frsize
    found = Text(
        f"{free // _MB} MB free, at most {collect.max_gb:g} GB", f"剩余 {free // _MB} MB，上限 {collect.max_gb:g} GB"
    )
    if free < DISK_WARN_BYTES:
        return failed(found, Text("free space: no picture is kept on a full disk", "请清理磁盘：磁盘满时不再保存图片"))
    return Finding("pass", found)


def _collects(config: Config) -> bool:
    return config.recipe.mode == "collect"


CHECKS = (
    Check("disk_space", Text("Disk space", "磁盘空间"), _space),
    Check("disk_inodes", Text("Number of files", "文件数"), _inodes),
    Check("disk_write", Text("Disk speed", "磁盘速度"), _write),
    Check("disk_kind", Text("Kind of disk", "磁盘类型"), _kind),
    Check("data_set", Text("Collected pictures", "采集图片"), _data_set, applies=_collects),
)
