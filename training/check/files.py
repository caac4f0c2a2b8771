"""Files that are no whole picture of 8 bits, or not what their names say they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from training.check.findings import Finding, Severity, many
from training.check.header import ENDINGS
from training.check.look import Look
from training.data.synthetic_mark import SYNTHETIC
from training.text import Text

_COARSE_JPEG = 75
_UNUSABLE = Text(
    "okng refuses such pictures in training and on the station.", "okng 在训练和检测站中都会拒绝此类图像。"
)
# Words of models.picture_file and of look_at → code, title, what to do. The first that fits is taken.
_FAULTS: tuple[tuple[tuple[str, ...], str, Text, Text], ...] = (
    (
        ("million pixels", "larger than"),
        "too-large",
        Text("Pictures too large to be read", "过大而无法读取的图像"),
        Text("Cut them to what is to be inspected.", "请裁剪到需要检测的区域。"),
    ),
    (
        ("cannot be read",),
        "unreadable",
        Text("Files that cannot be read", "无法读取的文件"),
        Text("Check the files, their rights and the disk.", "请检查文件、访问权限和磁盘。"),
    ),
    (
        ("cut short", "damaged"),
        "truncated",
        Text("Pictures that lost a part of their file", "文件不完整的图像"),
        Text("Copy them again from where they came, or take them out.", "请从来源重新复制，或将其移除。"),
    ),
    (
        ("animation", "several pages"),
        "animated",
        Text("Animations and files of several pages", "动画或多页文件"),
        Text("Save the one picture that is meant as PNG.", "请将所需的一帧另存为 PNG。"),
    ),
    (
        ("bits a channel",),
        "sixteen-bit",
        Text("Pictures of more than 8 bits a channel", "每通道超过 8 位的图像"),
        Text(
            "Save all of them with 8 bits by one fixed scale, the same that the station's camera will have; no "
            "picture by its own brightest pixel.",
            "请用同一固定比例将全部图像存为 8 位，与检测站相机一致；不要按各图自身最亮像素缩放。",
        ),
    ),
    (
        ("alpha channel",),
        "alpha",
        Text("Transparent pictures", "带透明通道的图像"),
        Text("Save them without transparency.", "请保存为不透明图像。"),
    ),
)
_NO_PICTURE = (
    "not-a-picture",
    Text("Files that are no picture", "不是图像的文件"),
    Text("Take them out, or save them again as PNG.", "请移除，或重新保存为 PNG。"),
)


def check_files(looks: Sequence[Look]) -> Iterator[Finding]:
    """What cannot be used at all, wrong endings, pictures that a viewer turns, coarse JPEG, synthetic ones."""
    yield from _faults(looks)
    yield from _endings(looks)
    yield from _turned(looks)
    yield from _coarse(looks)
    yield from _synthetic(looks)


def _faults(looks: Sequence[Look]) -> Iterator[Finding]:
    of_kind: dict[str, list[Look]] = defaultdict(list)
    told: dict[str, tuple[Text, Text]] = {}
    for look in looks:
        if look.fault:
            code, title, remedy = _kind_of(look.fault)
            of_kind[code].append(look)
            told[code] = (title, remedy)
    for code, faulty in of_kind.items():
        title, remedy = told[code]
        found = Text(
            f"{many(len(faulty))} of {len(looks):,}. {_UNUSABLE.en}",
            f"{len(looks)} 张中有 {len(faulty)} 张。{_UNUSABLE.zh}",
        )
        remarks = tuple((look.name, look.fault) for look in faulty)
        yield Finding(code, Severity.ERROR, title, found, remedy, _names(faulty), remarks=remarks)


def _kind_of(fault: str) -> tuple[str, Text, Text]:
    for words, code, title, remedy in _FAULTS:
        if any(word in fault for word in words):
            return code, title, remedy
    return _NO_PICTURE


def _endings(looks: Sequence[Look]) -> Iterator[Finding]:
    wrong = [
        look
        for look in looks
        if look.header.kind and PurePosixPath(look.name).suffix.lower() not in ENDINGS[look.header.kind]
    ]
    if wrong:
        yield Finding(
            "wrong-ending",
            Severity.NOTE,
            Text("Names that end otherwise than their content", "扩展名与内容不符"),
            Text(
                f"{many(len(wrong))}. okng reads them by their content; other tools may refuse them.",
                f"{len(wrong)} 张图像。okng 按内容读取，其他工具可能拒绝。",
            ),
            Text("Rename them to what they are.", "请按实际格式改名。"),
            _names(wrong),
            remarks=tuple((look.name, look.header.kind.value) for look in wrong),
        )


def _turned(looks: Sequence[Look]) -> Iterator[Finding]:
    turned = [look for look in looks if look.exif.orientation != 1]
    if not turned:
        return
    ways = Counter(look.exif.orientation for look in looks if not look.fault)
    mixed = Text(
        f" They are turned in {len(ways)} ways, so that parts lie differently in the pixels.",
        f" 共有 {len(ways)} 种方向，因此工件在像素中的朝向不一致。",
    )
    both = mixed if len(ways) > 1 else Text("", "")
    yield Finding(
        "exif-rotation",
        Severity.WARNING,
        Text("Pictures that viewers turn (EXIF orientation)", "查看器会旋转的图像（EXIF 方向）"),
        Text(
            f"{many(len(turned))}. okng takes pixels as they are stored, as it does those of a station's camera; "
            f"masks and shapes drawn in a tool that turns pictures do not fit.{both.en}",
            f"{len(turned)} 张图像。okng 按存储的像素读取，与检测站相机一致；"
            f"在会旋转图像的工具中绘制的标注将不吻合。{both.zh}",
        ),
        Text(
            "Turn the pixels themselves and take the orientation out (exiftran -a), then look at masks and shapes "
            "again.",
            "请旋转像素本身并去掉方向标记（exiftran -a），然后重新检查标注。",
        ),
        _names(turned),
        remarks=tuple((look.name, str(look.exif.orientation)) for look in turned),
    )


def _coarse(looks: Sequence[Look]) -> Iterator[Finding]:
    coarse = [look for look in looks if look.header.quality is not None and look.header.quality < _COARSE_JPEG]
    if coarse:
        worst = min(look.header.quality or 0 for look in coarse)
        yield Finding(
            "coarse-jpeg",
            Severity.WARNING,
            Text("JPEG compressed so far that its blocks show", "JPEG 压缩过度，出现块状痕迹"),
            Text(
                f"{many(len(coarse))} with a quality below {_COARSE_JPEG}, {worst} the lowest. Fine scratches vanish, "
                "and the edges of blocks look like some.",
                f"{len(coarse)} 张图像的质量低于 {_COARSE_JPEG}，最低 {worst}。细小划痕会消失，块边缘又像划痕。",
            ),
            Text(
                "Store PNG, or JPEG of quality 90 or more, for good and defective parts alike.",
                "合格件与缺陷件都请存为 PNG，或质量 90 以上的 JPEG。",
            ),
            _names(coarse),
            remarks=tuple((look.name, str(look.header.quality)) for look in coarse),
        )


def _synthetic(looks: Sequence[Look]) -> Iterator[Finding]:
    made = [look for look in looks if look.synthetic and PurePosixPath(look.name).parts[0] != SYNTHETIC]
    if made:
        yield Finding(
            "synthetic",
            Severity.ERROR,
            Text("Synthetic pictures among those of parts", "合成图像混在实拍图像中"),
            Text(
                f"{many(len(made))} that okng made: a limit or a test that rests on them proves nothing of real parts.",
                f"{len(made)} 张由 okng 生成：以其设定界限或测试，不能说明真实工件。",
            ),
            Text(f"Move them to {SYNTHETIC}/.", f"请移到 {SYNTHETIC}/。"),
            _names(made),
        )


def _names(looks: Sequence[Look]) -> tuple[str, ...]:
    return tuple(look.name for look in looks)
