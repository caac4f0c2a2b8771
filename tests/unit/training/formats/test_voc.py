"""Pascal VOC: as published, as CVAT and LabelImg write it, the box convention both ways, and hostile files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.fakes.sources import box, painted, picture, polygon, rich_source
from training.data.marks import Shape, ShapeKind, filled
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.item import Item, Source
from training.formats.palette_png import write_indices
from training.formats.voc import Voc
from training.formats.voc_xml import edges, pixel_box

SIZE = (40, 30)
# Annotations/2007_000033.xml of VOC2012, its boxes moved into a small picture.
PUBLISHED = """<annotation>
	<folder>VOC2012</folder>
	<filename>2007_000033.jpg</filename>
	<source><database>The VOC2007 Database</database><image>flickr</image></source>
	<size><width>40</width><height>30</height><depth>3</depth></size>
	<segmented>1</segmented>
	<object>
		<name>aeroplane</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>40</xmax><ymax>26</ymax></bndbox>
	</object>
	<object>
		<name>aeroplane</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
		<bndbox><xmin>32</xmin><ymin>1</ymin><xmax>38</xmax><ymax>3</ymax></bndbox>
	</object>
	<object>
		<name>person</name><pose>Frontal</pose><truncated>0</truncated><difficult>1</difficult>
		<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>
		<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></part>
	</object>
</annotation>
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def xml(*objects: str, filename: str = "a.png") -> str:
    rows = "".join(f"<object>{one}</object>" for one in objects)
    return f"<annotation><filename>{filename}</filename><size><width>40</width></size>{rows}</annotation>"


def bndbox(*numbers: object, label: str = "crack") -> str:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), numbers, strict=True)
    return f"<name>{label}</name><bndbox>{''.join(f'<{tag}>{one}</{tag}>' for tag, one in corners)}</bndbox>"


def published(root: Path) -> Path:
    write(root / "Annotations" / "2007_000033.xml", PUBLISHED)
    picture(root / "JPEGImages" / "2007_000033.jpg", 1)
    picture(root / "JPEGImages" / "2007_000032.jpg", 2)
    write(root / "ImageSets" / "Main" / "train.txt", "2007_000033\n")
    write(root / "ImageSets" / "Main" / "val.txt", "2007_000032\n")
    write(root / "ImageSets" / "Main" / "trainval.txt", "2007_000032\n2007_000033\n")
    write(root / "ImageSets" / "Main" / "aeroplane_train.txt", "2007_000033  1\n")
    write(root / "ImageSets" / "Main" / "aeroplane_val.txt", "2007_000032 -1\n")
    write(root / "ImageSets" / "Main" / "train_train.txt", "2007_000033  0\n")
    return root


def one(root: Path, text: str) -> Source:
    write(root / "Annotations" / "a.xml", text)
    picture(root / "JPEGImages" / "a.png", 1)
    return read(root)


def read(root: Path, **options: Path) -> Source:
    assert Voc().recognises(root)
    return Voc().read(root, ReadOptions(**options))


def test_the_published_layout(tmp_path: Path) -> None:
    published(tmp_path / "VOCdevkit" / "VOC2012")
    source = read(tmp_path)
    unknown, marked = source.items
    assert (unknown.name, unknown.classes, unknown.split) == ("2007_000032.jpg", (), "val")
    assert marked.shapes == (
        box("aeroplane", 0, 10, 40, 26),
        box("aeroplane", 31, 0, 38, 3),
        box("person", 4, 4, 5, 5),
    )
    assert (marked.labels, marked.split) == (("train",), "train"), "a list of the class train in the split train"
    assert marked.tags == {"truncated": "2", "difficult": "3", "pose": "2:Left 3:Frontal"}
    assert source.classes == ("aeroplane", "person", "train")


def test_two_years_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    for year in ("VOC2007", "VOC2012"):
        published(tmp_path / year)
    with pytest.raises(BadData, match="holds VOC2007, VOC2012; name one"):
        Voc().read(tmp_path, ReadOptions())


@pytest.mark.parametrize(
    ("annotations", "pictures"), [("", ""), ("annotations", "images"), ("Annotations", "JPEGImages/x"), ("xml", "pics")]
)
def test_layouts_of_tools(tmp_path: Path, annotations: str, pictures: str) -> None:
    text = xml(bndbox(3, 3, 9, 9), filename="C:\\line\\图 1.png").replace("<annotation>", '<annotation verified="yes">')
    write(tmp_path / annotations / "图 1.xml", text)
    picture(tmp_path / pictures / "图 1.png", 1)
    (item,) = read(tmp_path).items
    assert item.shapes == (box("crack", 2, 2, 9, 9),) and item.split is None


def test_pictures_in_another_place(tmp_path: Path) -> None:
    write(tmp_path / "a" / "Annotations" / "x" / "a.xml", xml(bndbox(3, 3, 9, 9)))
    with pytest.raises(BadData, match=r"a.xml is about a.png, which is not below .*--images"):
        Voc().read(tmp_path / "a", ReadOptions())
    picture(tmp_path / "b" / "x" / "a.png", 1)
    assert read(tmp_path / "a", images=tmp_path / "b").items[0].name == "x/a.png"


@pytest.mark.parametrize(
    ("shape", "corners"),
    [
        (box("crack", 0, 0, 1, 1), (1, 1, 1, 1)),
        (box("crack", 8, 106, 499, 263), (9, 107, 499, 263)),
        (box("crack", 8.2, 106.9, 498.1, 262.5), (9, 107, 499, 263)),
        (box("crack", -5, -5, 900, 900), (1, 1, 500, 366)),
        (box("crack", 7, 7, 7, 7), (8, 8, 8, 8)),
        (box("crack", 600, -9, 700, -3), (500, 1, 500, 1)),
        (polygon("crack", (1, 1), (9, 1), (9, 5.5)), (2, 2, 9, 6)),
    ],
)
def test_a_box_names_its_first_and_last_pixel_from_one(shape: Shape, corners: tuple[int, int, int, int]) -> None:
    assert pixel_box(shape, (500, 366)) == corners
    again = edges(corners)
    assert pixel_box(box("crack", *again), (500, 366)) == corners


def test_the_box_of_a_mask_holds_its_pixels_and_no_more(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", rasters=(painted("crack", SIZE, (0, 4, 1, 12)),))
    Voc().write(Source(tmp_path, "made", (item,), ("crack",)), tmp_path / "out")
    root = ElementTree.parse(tmp_path / "out" / "Annotations" / "a.xml")
    assert [element.text for element in root.findall("object/bndbox/*")] == ["1", "5", "1", "12"]
    with Image.open(tmp_path / "out" / "SegmentationObject" / "a.png") as image:
        rows, columns = np.nonzero(np.asarray(image))
    assert (columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1) == (1, 5, 1, 12)


def test_boxes_that_are_widened_or_covered_are_named(tmp_path: Path) -> None:
    items = (
        Item(picture(tmp_path / "a.png", 1), "a.png", shapes=(box("crack", 1.5, 2, 8, 9),)),
        Item(
            picture(tmp_path / "b.png", 2),
            "b.png",
            rasters=(painted("crack", SIZE, (0, 0, 9, 9)), painted("pit", SIZE, (5, 5, 12, 12))),
        ),
        Item(picture(tmp_path / "c.png", 3), "c.png", shapes=(box("crack", 1, 2, 8, 9),)),
    )
    notes = Voc().write(Source(tmp_path, "made", items, ("crack", "pit")), tmp_path / "out")
    assert [note.rsplit(" ", 1)[1] for note in notes] == ["b.png", "a.png"]
    widened, covered, _ = read(tmp_path / "out").items
    assert widened.shapes == (box("crack", 1, 2, 8, 9),)
    assert [int(raster.read().sum()) for raster in covered.rasters] == [81 - 16, 49]


def test_flags_and_poses_come_back(tmp_path: Path) -> None:
    source = read(published(tmp_path / "raw"))
    Voc().write(source, tmp_path / "out")
    again = read(tmp_path / "out")
    assert [(item.name, item.tags, item.shapes, item.split) for item in again.items] == [
        (item.name, item.tags, item.shapes, item.split) for item in source.items
    ]
    root = ElementTree.parse(tmp_path / "out" / "Annotations" / "2007_000033.xml")
    assert [element.text for element in root.findall("object/difficult")] == ["0", "0", "1"]
    assert [element.text for element in root.findall("object/pose")] == ["Unspecified", "Left", "Frontal"]


def test_tags_that_are_no_flags_do_no_harm(tmp_path: Path) -> None:
    tags = {"difficult": "very 7 -1", "pose": "upright 1:", "truncated": ""}
    item = Item(picture(tmp_path / "a.png", 1), "a.png", shapes=(box("crack", 1, 2, 8, 9),), tags=tags)
    Voc().write(Source(tmp_path, "made", (item,), ("crack",)), tmp_path / "out")
    assert read(tmp_path / "out").items[0].tags == {}


def test_painted_objects_as_published(tmp_path: Path) -> None:
    published(tmp_path)
    objects, classes = np.zeros(SIZE[::-1], np.uint8), np.zeros(SIZE[::-1], np.uint8)
    objects[10:26, 0:40], objects[0:3, 31:38] = 1, 2
    classes[objects > 0] = 1
    for mask in (objects, classes):
        mask[9, :] = 255
    write_indices(tmp_path / "SegmentationObject" / "2007_000033.png", objects)
    write_indices(tmp_path / "SegmentationClass" / "2007_000033.png", classes)
    source = read(tmp_path)
    marked = source.items[1]
    assert [raster.label for raster in marked.rasters] == ["aeroplane", "aeroplane"]
    assert [int(raster.read().sum()) for raster in marked.rasters] == [640, 21]
    assert marked.shapes == (box("person", 4, 4, 5, 5),), "painted objects come without their boxes"
    assert marked.tags == {"truncated": "3", "difficult": "1", "pose": "1:Frontal 3:Left"}
    assert source.notes == ("void pixels of 1 pictures, of which nobody said what they are, become background",)
    (tmp_path / "SegmentationClass" / "2007_000033.png").unlink()
    assert [raster.label for raster in read(tmp_path).items[1].rasters] == ["aeroplane", "aeroplane"]


def test_masks_of_classes_alone_as_cvat_writes_them(tmp_path: Path) -> None:
    # docs.cvat.ai, "Pascal VOC": labelmap.txt, ImageSets/Segmentation/default.txt, masks in colour.
    write(
        tmp_path / "labelmap.txt",
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncrack:250,50,83::\n划痕:51,221,255:a,b:c\npit:::\n",
    )
    write(tmp_path / "ImageSets" / "Segmentation" / "default.txt", "a\n")
    picture(tmp_path / "JPEGImages" / "a.png", 1)
    colours = np.zeros((30, 40, 3), np.uint8)
    colours[2:5, 3:9], colours[10:12, 0:4], colours[20, :] = (250, 50, 83), (51, 221, 255), (224, 224, 192)
    (tmp_path / "SegmentationClass").mkdir()
    Image.fromarray(colours).save(tmp_path / "SegmentationClass" / "a.png")
    source = read(tmp_path)
    (item,) = source.items
    assert {raster.label: int(raster.read().sum()) for raster in item.rasters} == {"crack": 18, "划痕": 8}
    assert source.classes == ("crack", "划痕", "pit") and item.split is None


def test_other_peoples_class_one_is_no_aeroplane(tmp_path: Path) -> None:
    one(tmp_path, xml(bndbox(3, 3, 9, 9)))
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[2:9, 2:9] = 1
    write_indices(tmp_path / "SegmentationClass" / "a.png", mask)
    with pytest.raises(BadData, match=r"a.png shows class 1, which nothing names; add labelmap.txt"):
        Voc().read(tmp_path, ReadOptions())
    write_indices(tmp_path / "SegmentationObject" / "a.png", mask)
    assert [raster.label for raster in read(tmp_path).items[0].rasters] == ["crack"]
    write_indices(tmp_path / "SegmentationObject" / "a.png", mask * 3)
    with pytest.raises(BadData, match=r"a.png shows an object 3, which the annotation file does not have"):
        Voc().read(tmp_path, ReadOptions())


def test_who_is_of_no_class_is_not_good(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "a.png", 1)
    picture(tmp_path / "JPEGImages" / "b.png", 2)
    write(tmp_path / "ImageSets" / "Main" / "train.txt", "a\nb\n")
    write(tmp_path / "ImageSets" / "Main" / "crack_train.txt", "a -1\nb  0\n")
    assert [item.classes for item in read(tmp_path).items] == [(), ("crack",)]


def test_a_detector_never_sees_an_empty_annotation_of_a_part_that_is_not_good(tmp_path: Path) -> None:
    source = rich_source(tmp_path / "raw")
    Voc().write(source, tmp_path / "out")
    annotations = tmp_path / "out" / "Annotations"
    empty = {
        path.relative_to(annotations).with_suffix("").as_posix()
        for path in annotations.rglob("*.xml")
        if ElementTree.parse(path).find("object") is None
    }
    good = {item.name for item in source.items if item.labels == ("good",)}
    assert empty == {Path(name).with_suffix("").as_posix() for name in good}
    listed = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out" / "ImageSets" / "Main").iterdir())
    assert "c/A" not in listed, "nobody labelled it"
    assert "c/A" in (tmp_path / "out" / "ImageSets" / "Unlabelled" / "default.txt").read_text(encoding="utf-8")


def test_polygons_come_back_as_the_same_pixels(tmp_path: Path) -> None:
    shapes = (polygon("crack", (-4, 2.5), (12, 2), (12, 9.5)), polygon("pit", (20, 3), (36, 5), (25, 24)))
    beside = polygon("crack", (-9, -9), (-5, -9), (-5, -5))
    item = Item(picture(tmp_path / "a.png", 1), "a.png", shapes=(*shapes, beside))
    assert Voc().write(Source(tmp_path, "made", (item,), ("crack", "pit")), tmp_path / "out") == ()
    (again,) = read(tmp_path / "out").items
    assert [(raster.read() == filled([shape], SIZE)).all() for raster, shape in zip(again.rasters, shapes, strict=True)]
    assert [raster.label for raster in again.rasters] == ["crack", "pit"] and not again.shapes


_ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (xml(bndbox(9, 3, 3, 9)), "object 1: its box from .* is turned inside out; give bndbox"),
        (xml(bndbox(1, 1, 2, 2), bndbox(3, -9, 9, -20)), "object 2: .*inside out"),
        (xml(bndbox("nan", 3, 9, 9)), "inside out"),
        (xml(bndbox(3, 3, "1e999", 9)), "object 1: .*no number"),
        (xml(bndbox(3, 3, 1e12, 9)), "farther out"),
        (xml(bndbox(3, 3, "", 9)), "object 1: .*give bndbox its four numbers"),
        (xml("<name>crack</name><bndbox><xmin>3</xmin></bndbox>"), "give bndbox its four numbers"),
        (xml("<bndbox/>"), "object 1 has no name"),
        (xml(bndbox(1, 1, 2, 2, label=" ")), "object 1 has no name"),
        ("<annotation><object>", "line 1: this is no XML"),
        ("", "this is no XML"),
        ("<svg/>", "the root <svg>"),
        ("<annotation>" * 100_000, "nested too deeply"),
        (f'<!DOCTYPE a [<!ENTITY a0 "x">{_ENTITIES}]><annotation><filename>&a29;</filename></annotation>', "DTD"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>', "DTD"),
        (xml(bndbox(1, 1, 2, 2), filename="../../../etc/passwd"), None),
    ],
)
def test_an_annotation_that_says_nonsense_is_refused_with_its_object(
    tmp_path: Path, text: str, said: str | None
) -> None:
    if said is None:
        assert one(tmp_path, text).items[0].path == tmp_path / "JPEGImages" / "a.png"
        return
    write(tmp_path / "ImageSets" / "Main" / "train.txt", "a\n")
    with pytest.raises(BadData, match=f"Annotations/a.xml.*{said}"):
        one(tmp_path, text)


def test_an_object_without_a_box_is_a_class_of_the_picture(tmp_path: Path) -> None:
    (item,) = one(tmp_path, xml("<name>crack</name>", bndbox(0, 0, 5, 5, label="pit"))).items
    assert (item.labels, item.shapes) == (("crack",), (box("pit", 0, 0, 5, 5),)), "0 is the edge to those who count so"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"train.txt": "a\n../b\n"}, "train.txt, line 2 names .*without .."),
        ({"train.txt": "a\n/etc/passwd\n"}, "train.txt, line 2 names .*outside the data set"),
        ({"train.txt": "a\nb\n"}, "train.txt, line 2 lists b, of which there is no picture"),
        ({"train.txt": "a\n", "test.txt": "a\n"}, "both have a; leave each picture in one split"),
    ],
)
def test_a_list_that_says_nonsense_is_refused_with_its_line(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        write(tmp_path / "ImageSets" / "Main" / name, text)
    with pytest.raises(BadData, match=said):
        one(tmp_path, xml(bndbox(1, 1, 2, 2)))


def test_a_missing_picture_never_gives_its_objects_to_another_one(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        write(tmp_path / "Annotations" / folder / "a.xml", xml(bndbox(1, 1, 2, 2)))
        picture(tmp_path / "JPEGImages" / folder / "a.png", len(folder))
    assert len(read(tmp_path).items) == 2
    (tmp_path / "Annotations" / "y" / "a.xml").unlink()
    (tmp_path / "JPEGImages" / "x" / "a.png").unlink()
    write(tmp_path / "Annotations" / "b.xml", xml(filename="b.png"))
    picture(tmp_path / "JPEGImages" / "b.png", 9)
    with pytest.raises(BadData, match=r"x/a.xml is about a.png, which is not below"):
        Voc().read(tmp_path, ReadOptions())


def test_pictures_that_may_be_mixed_up_are_refused(tmp_path: Path) -> None:
    one(tmp_path, xml(bndbox(1, 1, 2, 2), filename="other.png"))
    picture(tmp_path / "JPEGImages" / "a.jpg", 5)
    with pytest.raises(BadData, match=r"a.xml may be about .*a.jpg or .*a.png"):
        Voc().read(tmp_path, ReadOptions())
    (tmp_path / "loose").mkdir()
    picture(tmp_path / "loose" / "pics" / "a.png", 1)
    for name in ("1", "2"):
        write(tmp_path / "loose" / f"{name}.xml", xml(bndbox(1, 1, 2, 2)))
    with pytest.raises(BadData, match=r"2.xml is about .*a.png, as .*1.xml is"):
        Voc().read(tmp_path / "loose", ReadOptions())


@pytest.mark.parametrize(
    ("labelmap", "said"),
    [
        ("crack:1,2::\n", "labelmap.txt, line 1: '1,2' is no colour"),
        ("crack:1,2,x::\n", "is no colour"),
        ("\n".join(f"c{n}:::" for n in range(300)), "300 classes"),
    ],
)
def test_a_labelmap_that_says_nonsense_is_refused(tmp_path: Path, labelmap: str, said: str) -> None:
    write(tmp_path / "labelmap.txt", labelmap)
    with pytest.raises(BadData, match=said):
        one(tmp_path, xml(bndbox(1, 1, 2, 2)))


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"labels": ("a/b",)}, "'a/b'"),
        ({"shapes": (box("a:b", 1, 1, 2, 2),)}, "cannot stand in labelmap.txt"),
        ({"shapes": (box("background", 1, 1, 2, 2),)}, "cannot stand in labelmap.txt"),
        ({"shapes": (box("a\x01", 1, 1, 2, 2),)}, "cannot be written into XML"),
        ({"shapes": tuple(box("crack", 1, 1, 2, 2) for _ in range(255))}, "255 marks"),
        ({"rasters": (painted("crack", (7, 5), (1, 1, 2, 2)),)}, "not as large as its picture"),
        ({"labels": ("good",), "split": "default"}, "the split 'default'"),
    ],
)
def test_what_voc_cannot_say_is_refused_and_not_bent(tmp_path: Path, item: dict[str, object], said: str) -> None:
    made = Item(picture(tmp_path / "a.png", 1), "a.png", **item)  # type: ignore[arg-type]
    with pytest.raises(BadData, match=said):
        Voc().write(Source(tmp_path, "made", (made,), ()), tmp_path / "out")


def test_what_is_no_voc_is_not_taken_for_it(tmp_path: Path) -> None:
    write(tmp_path / "annotations.xml", "<annotations><image/></annotations>")
    assert not Voc().recognises(tmp_path) and not Voc().recognises(tmp_path / "gone")
    with pytest.raises(NotThere):
        Voc().read(tmp_path / "gone", ReadOptions())
    (item,) = one(tmp_path / "one", xml(bndbox(1, 1, 2, 2))).items
    assert item.shapes[0].kind is ShapeKind.BOX
