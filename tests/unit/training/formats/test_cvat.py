from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.sources import box, painted, picture, polygon
from training.data.marks import ShapeKind, filled
from training.errors import BadData, NotThere
from training.formats.base import ReadOptions
from training.formats.cvat import Cvat
from training.formats.item import Item, Source
from training.formats.registry import read_source

# From "XML annotation format", version 1.1, of CVAT's documentation, its long polygon cut down to four corners.
META = """<meta><task><id>4</id><name>segmentation</name><size>27</size><mode>annotation</mode><labels>
        <label><name>car</name><attributes></attributes></label>
        <label><name>traffic_line</name><attributes></attributes></label>
        <label><name>wheel</name><attributes></attributes></label>
        <label><name>plate</name><attributes></attributes></label>
        <label><name>s1</name><type>skeleton</type><attributes></attributes></label>
        <label><name>1</name><type>points</type><attributes></attributes><parent>s1</parent></label>
      </labels></task><dumped>2018-09-25 11:38:28.799808+03:00</dumped></meta>"""
EXAMPLE = """
  <image id="0" name="filename000.jpg" width="1600" height="1200">
    <box label="plate" xtl="797.33" ytl="870.92" xbr="965.52" ybr="928.94" occluded="0" z_order="4">
    </box>
    <polygon label="car" points="561.30,916.23;561.30,842.77;554.72,761.63;588.71,985.31" occluded="0" z_order="1">
    </polygon>
    <polyline label="traffic_line" points="462.10,0.00;126.80,1200.00" occluded="0" z_order="3">
    </polyline>
    <points label="wheel" points="574.90,939.48;1170.16,907.90;1130.69,445.26;600.16,459.48" occluded="0" z_order="5">
    </points>
    <tag label="good_frame" source="manual">
    </tag>
    <skeleton label="s1" source="manual" z_order="0">
      <points label="1" occluded="0" source="manual" outside="0" points="54.47,94.81">
      </points>
    </skeleton>
    <mask label="car" source="manual" occluded="0" rle="3, 5, 7, 7, 5, 9, 3, 11, 2, 11, 2, 12, 1, 12, 1, 26, 1, 12, \
1, 12, 2, 11, 3, 9, 5, 7, 7, 5, 3" left="707" top="888" width="13" height="15" z_order="0">
    </mask>
  </image>"""


def xml(folder: Path, body: str, name: str = "annotations.xml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>{META}{body}</annotations>'
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def small(marks: str, about: str = 'width="40" height="30"') -> str:
    return f'<image id="0" name="a.png" {about}>{marks}</image>'


def read(root: Path, images: Path | None = None) -> Source:
    return Cvat().read(root, ReadOptions(images=images))


def one(folder: Path, marks: str) -> Item:
    picture(folder / "images/a.png", 1)
    xml(folder, small(marks))
    (item,) = read(folder).items
    return item


def test_reads_the_example_of_the_documentation(tmp_path: Path) -> None:
    picture(tmp_path / "images/filename000.jpg", 1, (1600, 1200))
    source = read(xml(tmp_path, EXAMPLE))
    (item,) = source.items
    assert (item.name, item.split) == ("filename000.jpg", None)
    assert item.shapes == (
        box("plate", 797.33, 870.92, 965.52, 928.94),
        polygon("car", (561.30, 916.23), (561.30, 842.77), (554.72, 761.63), (588.71, 985.31)),
    )
    (car,) = item.rasters
    mask = car.read()
    assert (mask.shape, int(mask.sum())) == ((1200, 1600), 149)
    # A disc, so that rows taken for columns would show.
    assert "".join(".#"[int(pixel)] for pixel in mask[888, 707:720]) == "...#####....."
    assert "".join(".#"[int(pixel)] for pixel in mask[889, 707:720]) == "..#######...."
    assert item.labels == ("traffic_line", "wheel", "good_frame", "s1")
    assert source.classes == ("car", "traffic_line", "wheel", "plate", "s1", "good_frame")
    assert sum("have no area; their class became a label" in note for note in source.notes) == 3


@pytest.mark.parametrize(
    "mark",
    [
        '<polyline label="crack" points="1,1;2,2"/>',
        '<points label="crack" points="1,1"/>',
        '<cuboid label="crack" xtl1="1" ytl1="1"/>',
        '<skeleton label="crack"><points label="1" points="1,1"/></skeleton>',
    ],
)
def test_a_mark_without_an_area_never_leaves_its_picture_unmarked(tmp_path: Path, mark: str) -> None:
    assert one(tmp_path, mark).classes == ("crack",)


def test_turns_a_box_about_its_centre_clockwise(tmp_path: Path) -> None:
    (shape,) = one(tmp_path, '<box label="crack" xtl="10" ytl="10" xbr="30" ybr="14" rotation="90.0"/>').shapes
    assert shape.kind is ShapeKind.POLYGON
    assert np.allclose(shape.points, [(22, 2), (22, 22), (18, 22), (18, 2)])


def test_an_ellipse_becomes_a_polygon(tmp_path: Path) -> None:
    (shape,) = one(tmp_path, '<ellipse label="pit" cx="20.5" cy="15" rx="10" ry="5" z_order="0"/>').shapes
    assert np.allclose(shape.bounds, (10.5, 10, 30.5, 20), atol=0.2)
    area = np.count_nonzero(filled([shape], (40, 30)))
    assert np.pi * 50 < area < np.pi * 50 + 40  # the edge's pixels are covered in part
    (turned,) = one(tmp_path, '<ellipse label="pit" cx="20" cy="15" rx="10" ry="5" rotation="90"/>').shapes
    assert np.allclose(turned.bounds, (15, 5, 25, 25), atol=0.2)


def test_says_what_attributes_it_leaves_out(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png", 1)
    xml(tmp_path, small('<tag label="crack"><attribute name="depth">3</attribute></tag>'))
    assert any("have attributes, which are left out" in note for note in read(tmp_path).notes)


def test_subsets_are_splits_and_folders(tmp_path: Path) -> None:
    for split in ("train", "test"):
        picture(tmp_path / f"images/{split}/a.png", 1)
    rows = [f'<image id="0" name="a.png" subset="{split}" width="40" height="30"/>' for split in ("train", "test")]
    xml(tmp_path, "".join(rows))
    assert [(item.name, item.split) for item in read(tmp_path).items] == [
        ("test/a.png", "test"),
        ("train/a.png", "train"),
    ]


def test_the_subset_that_every_task_has_is_no_split(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png", 1)
    xml(tmp_path, small("", 'subset="default" width="40" height="30"'))
    assert read(tmp_path).items[0].split is None


def test_several_tasks_have_pictures_of_their_own(tmp_path: Path) -> None:
    for task in ("task 1", "task 2"):
        picture(tmp_path / task / "images/a.png", 1)
        xml(tmp_path / task, small('<tag label="crack"/>'))
    assert [item.name for item in read(tmp_path).items] == ["task 1/images/a.png", "task 2/images/a.png"]


def test_two_entries_about_one_picture_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png", 1)
    xml(tmp_path, small("") + small(""))
    with pytest.raises(BadData, match=r"is about a.png, as .* is; make one of the two"):
        read(tmp_path)
    xml(tmp_path, small(""))
    xml(tmp_path, small(""), "job 2.xml")
    with pytest.raises(BadData, match=r"job 2.xml, image 'a.png' is about a.png, as .*annotations.xml, image 'a.png'"):
        read(tmp_path)


def test_a_picture_that_no_file_names_is_told(tmp_path: Path) -> None:
    picture(tmp_path / "images/b.png", 1)
    one(tmp_path, "")
    assert read(tmp_path).notes == ("1 pictures are left out, for no label file names them: b.png",)


def test_a_video_is_refused_with_what_to_do(tmp_path: Path) -> None:
    track = '<track id="0" label="car"><polygon frame="0" points="1,1;2,2;3,3" outside="0" keyframe="1"/></track>'
    with pytest.raises(BadData, match=r"of a video; export the task from CVAT as CVAT for images 1\.1"):
        read(xml(tmp_path, track))


def test_a_picture_that_was_not_tagged_is_unlabelled_and_one_tagged_ok_good(tmp_path: Path) -> None:
    assert one(tmp_path, "").classes == ()
    xml(tmp_path, small('<tag label="OK"/>'))
    assert read_source(tmp_path, None, ReadOptions()).items[0].classes == ("good",)


@pytest.mark.parametrize(
    ("marks", "sentence"),
    [
        ('<box label="" xtl="1" ytl="1" xbr="2" ybr="2"/>', "box 1: label"),
        ('<box label="crack" xtl="1" ytl="1" xbr="2"/>', "box 1: ybr"),
        ('<tag label="crack"/><box label="crack" xtl="9" ytl="1" xbr="2" ybr="2"/>', "box 2: a box needs left before"),
        ('<box label="crack" xtl="nan" ytl="1" xbr="2" ybr="2"/>', "xtl"),
        ('<box label="crack" xtl="1" ytl="1" xbr="1e300" ybr="2"/>', "xbr"),
        ('<box label="crack" xtl="1" ytl="1" xbr="2" ybr="2" rotation="inf"/>', "rotation"),
        ('<polygon label="crack" points="1,1;2,2"/>', "needs three corners"),
        ('<polygon label="crack" points="1,1;2,2;nan,3"/>', "is no number"),
        ('<polygon label="crack" points="1,1;2,2;x,3"/>', "could not convert"),
        ('<polygon label="crack" points="1,1;2,2;3"/>', "no x,y;x,y"),
        ('<polygon label="crack" points=""/>', "no x,y;x,y"),
        ('<ellipse label="crack" cx="1" cy="1" rx="0" ry="4"/>', "radius above zero"),
        ('<mask label="crack" rle="4" left="1.5" top="1" width="2" height="2"/>', "left"),
        ('<circle label="crack"/>', "<circle> is unknown"),
    ],
)
def test_refuses_a_mark_with_its_place(tmp_path: Path, marks: str, sentence: str) -> None:
    with pytest.raises(BadData, match=f"annotations.xml, image 'a.png'.*{sentence}"):
        one(tmp_path, marks)


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ('rle="1, 2" left="0" top="0" width="2" height="2"', "does not fill its box"),
        ('rle="-1, 5" left="0" top="0" width="2" height="2"', "does not fill its box"),
        ('rle="9223372036854775807, 9223372036854775807, 6" left="0" top="0" width="2" height="2"', "does not fill"),
        ('rle="99999999999999999999" left="0" top="0" width="2" height="2"', "no list of numbers"),
        ('rle="a" left="0" top="0" width="2" height="2"', "no list of numbers"),
        ('rle="0, 4" left="39" top="0" width="2" height="2"', "outside the picture"),
        ('rle="0, 1000000000000" left="0" top="0" width="1000000" height="1000000"', "larger than the picture"),
    ],
)
def test_refuses_a_mask_with_its_place(tmp_path: Path, about: str, sentence: str) -> None:
    (raster,) = one(tmp_path, f'<mask label="crack" {about}/>').rasters
    with pytest.raises(BadData, match=f"mask 1: .*{sentence}"):
        raster.read()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('<image id="0" name="b.png" width="40" height="30"/>', "not below"),
        ('<image id="0" name="../../etc/passwd" width="40" height="30"/>', "not below"),
        ('<image id="7" width="40" height="30"/>', "image 7: name"),
        ('<image id="0" name="a.png" width="-4" height="30"/>', "width"),
        (
            small('<tag label="x"/>', 'width="30" height="40"'),
            "30x40 pixels, but a.png has 40x30; put the picture there",
        ),
        ("<image", "line 9: this is no XML"),
    ],
)
def test_refuses_a_picture_with_a_sentence(tmp_path: Path, body: str, sentence: str) -> None:
    picture(tmp_path / "images/a.png", 1)
    with pytest.raises(BadData, match=f"annotations.xml.*{sentence}"):
        read(xml(tmp_path, body))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "DTD or entities"),
        (b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><annotations/>', "DTD or entities"),
        (b"<annotation/>", "root <annotation> where <annotations> is needed"),
        (b"<annotations>" + b"<a>" * 60, "nested too deeply"),
        ('<?xml version="1.0" encoding="gb18030"?><annotations/>'.encode("gb18030"), "encoding"),
        ("<annotations>划痕</annotations>".encode("gb18030"), "this is no XML"),
        (b"", "this is no XML"),
    ],
)
def test_refuses_xml_that_no_tool_writes(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "annotations.xml"
    path.write_bytes(content)
    with pytest.raises(BadData, match=f"annotations.xml.*{sentence}"):
        read(path)


def test_a_folder_without_a_file_of_cvat_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.xml").write_text("<annotation/>")
    assert not Cvat().recognises(tmp_path)
    with pytest.raises(NotThere, match="no XML of CVAT"):
        read(tmp_path)


def _written(folder: Path, item: Item) -> tuple[Source, tuple[str, ...]]:
    out = folder / "out"
    out.mkdir()
    notes = Cvat().write(Source(folder, "made", (item,), ()), out)
    return read(out), notes


def test_a_mask_without_a_pixel_keeps_its_class(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", rasters=(painted("stain", (40, 30)),))
    again, notes = _written(tmp_path, item)
    assert again.items[0].labels == ("stain",)
    assert notes == ("1 empty masks became a label of the whole picture (first: a.png)",)


def test_names_that_xml_has_to_escape_come_back(tmp_path: Path) -> None:
    label = "划痕 <\"&\n\t'>"
    item = Item(picture(tmp_path / "a.png", 1), "<b>&/a.png", (label,), (box(label, 1, 2, 3, 4.125),), split="t&t")
    again, _ = _written(tmp_path, item)
    assert again.items[0].labels == (label,)
    assert (again.items[0].shapes, again.items[0].split) == (item.shapes, "t&t")


def test_what_xml_cannot_hold_is_refused(tmp_path: Path) -> None:
    item = Item(picture(tmp_path / "a.png", 1), "a.png", ("a\x01b",))
    with pytest.raises(BadData, match=r"cannot be written into XML; rename it"):
        _written(tmp_path, item)
