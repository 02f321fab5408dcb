"""Folders as they come: phones' dates, classes alike but for signs, closed folders, hostile names; and odd ids."""

import os
import sys
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodviz.data import FOOD11, Split, open_dataset
from foodviz.data.class_names import MOST_CLASSES, class_number, match_classes
from foodviz.errors import InputError

SAMPLE = open_dataset().split()


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def closed(monkeypatch, *folders: Path) -> None:
    """Listing these folders is forbidden, whoever runs the test."""
    scan = os.scandir

    def refuse(path):
        if Path(path) in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)


# Numbers in names


@pytest.mark.parametrize("number", ["20231105", "1000000000", str(10**30), str(2**63), "9" * 200, "10000"])
def test_a_date_is_no_class_and_costs_no_memory(tmp_path, number):
    touch(tmp_path, f"{number}_123456.jpg", f"{number}_2.jpg", "3_1.jpg")
    tracemalloc.start()
    split = open_dataset(str(tmp_path)).split()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert sorted(split.labels) == [-1, -1, 3]
    assert split.class_names == FOOD11
    assert split.describe(split.names.index("3_1.jpg")).endswith("3_1.jpg (Egg)")
    assert split.remarks[0].startswith("2 of 3 pictures are taken as unlabelled: the number in ")


def test_a_phones_pictures_are_unlabelled_and_read_as_they_are_named(tmp_path):
    names = [f"2023110{day}_12345{day}.jpg" for day in range(1, 9)] + ["IMG_0001.JPG", "PXL_20231105_1.jpg", "a.jpeg"]
    touch(tmp_path, *names)
    split = open_dataset(str(tmp_path)).split()
    assert split.names == tuple(names)
    assert not split.labelled
    assert match_classes(split, FOOD11)[0] == tuple(range(11))
    assert split.find("20231105_123455") == 4


@given(st.integers(0, 10**12), st.integers(0, 6))
def test_a_class_number_is_plain_digits_below_the_bound(number, zeros):
    text = "0" * zeros + str(number)
    assert class_number(text) == (number if number < MOST_CLASSES else None)


@given(st.text(max_size=12))
def test_nothing_else_is_a_class_number(text):
    if not (text.isascii() and text.isdigit()):
        assert class_number(text) is None


@pytest.mark.parametrize("prefix", ["١", "²", "-1", "1e3", "+1", " 1", "", "0x1", "1.5"])
def test_what_only_looks_like_a_number_is_no_class(tmp_path, prefix):
    touch(tmp_path, f"{prefix}_0.jpg", "2_0.jpg")
    split = open_dataset(str(tmp_path)).split()
    assert split.labels[split.names.index(f"{prefix}_0.jpg")] == -1


# Classes


@pytest.mark.parametrize(
    "classes",
    [
        ("🍕", "🍜"),
        ("Rice", "rice!"),
        ("Egg", "egg", "EGG"),
        ("01", "1"),
        ("++", "--"),
        ("a b", "a-b", "ab"),
        ("١", "1"),
    ],
)
def test_two_folders_are_two_classes(tmp_path, classes):
    touch(tmp_path, *(f"{name}/{k}.jpg" for name in classes for k in range(2)))
    split = open_dataset(str(tmp_path)).split()
    if len(split.class_names) != len(classes):
        pytest.skip("names differ by case only, and this file system has one folder for them")
    assert split.class_names == tuple(sorted(classes))
    assert [split.labels.count(label) for label in range(len(classes))] == [2] * len(classes)
    order, remarks = match_classes(split, split.class_names[::-1])
    assert order == tuple(reversed(range(len(classes))))
    assert remarks == ["classes of the data and of the model stand in another order: matched by name"]


def test_two_thousand_classes(tmp_path):
    touch(tmp_path, *(f"train/c{k:04d}/0.jpg" for k in range(2000)))
    split = open_dataset(str(tmp_path)).split()
    assert split.labels == tuple(range(2000))
    assert match_classes(split, split.class_names[::-1])[0] == tuple(reversed(range(2000)))
    with pytest.raises(InputError, match="the model has no class 'c0000' of the data") as caught:
        match_classes(split, FOOD11)
    assert len(str(caught.value)) < 400


def test_folders_of_dates_are_classes_by_name(tmp_path):
    touch(tmp_path, "20231105/1.jpg", "20231106/1.jpg")
    assert open_dataset(str(tmp_path)).split().class_names == ("20231105", "20231106")


# Layouts


def test_folders_beside_pictures_are_not_read_and_that_is_said(tmp_path):
    touch(tmp_path, "train/0_1.jpg", "train/Bread/1.jpg", "train/Egg/1.jpg", "train/notes/a.txt")
    split = open_dataset(str(tmp_path)).split()
    assert split.names == ("0_1.jpg",)
    assert "the folders are not read (2, first Bread)" in split.remarks[0]


def test_a_picture_may_lack_a_mask_and_a_broken_one_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "train/0_1.jpg", "train/0_2.jpg", "train_masks/0_2.png")
    split = open_dataset(str(tmp_path)).split()
    assert split.mask(0) is None
    assert split.region(0, (8, 8))[0] == "the middle half"
    with pytest.raises(InputError, match=r"train_masks.0_2\.png: the file is empty"):
        split.mask(1)

    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(InputError, match=r"0_1\.png: Permission denied"):
        split.mask(0)


def test_what_is_no_picture_shifts_no_id(tmp_path):
    touch(
        tmp_path, "val/.hidden.jpg", "val/._0_1.jpg", "val/.DS_Store", "val/Thumbs.db", "val/desktop.ini", "val/b.TXT"
    )
    touch(tmp_path, "val/0_1.JPG", "val/1_0.Jpeg", "val/empty/a.txt", "__MACOSX/val/._0_1.jpg")
    (tmp_path / "val" / "2_0.jpg").mkdir()
    split = open_dataset(str(tmp_path)).split()
    assert split.names == ("0_1.JPG", "1_0.Jpeg")
    assert split.remarks == ()
    assert (split.find("0_1"), split.find("1_0.jpg")) == (0, 1)


def test_a_link_to_a_file_that_is_gone_keeps_its_id(tmp_path):
    touch(tmp_path, "0_0.jpg", "2_0.jpg")
    (tmp_path / "1_0.jpg").symlink_to("gone")
    split = open_dataset(str(tmp_path)).split()
    assert split.names == ("0_0.jpg", "1_0.jpg", "2_0.jpg")
    assert split.fingerprint
    with pytest.raises(InputError, match=r"1_0\.jpg: no such file"):
        split.read_bytes(1)


def test_folders_that_lead_in_a_circle_end_in_one_line(tmp_path):
    (tmp_path / "self").symlink_to(".")
    with pytest.raises(InputError, match=r"no picture in|Too many levels"):
        open_dataset(str(tmp_path)).split()
    deep = tmp_path / "deep" / "a" / "b" / "c" / "d"
    touch(deep, "train/Bread/1.jpg", "train/Egg/1.jpg")
    data = open_dataset(str(tmp_path / "deep"))
    assert data.split().name == "a/b/c/d/train"
    assert data.split("a/b/c/d/train") is data.split("training")


@pytest.mark.parametrize("name", [".", "train", "train/Egg"])
def test_a_closed_folder_is_named(tmp_path, monkeypatch, name):
    touch(tmp_path, "train/Bread/1.jpg", "train/Egg/1.jpg")
    closed(monkeypatch, tmp_path / name)
    with pytest.raises(InputError, match=r"Permission denied$") as caught:
        open_dataset(str(tmp_path)).split()
    assert str(tmp_path / name) in str(caught.value)
    if name == "train/Egg":
        with pytest.raises(InputError, match="Permission denied"):
            open_dataset(str(tmp_path)).splits()


@pytest.mark.parametrize("split", ["..", "/", "/tmp", "train/../..", "\0", "n" * 5000, "\ud800", "~", ""])
def test_a_split_is_below_its_data(tmp_path, split):
    touch(tmp_path, "train/0_1.jpg")
    with pytest.raises(InputError, match=r"^`split` ") as caught:
        open_dataset(str(tmp_path)).split(split)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("data", ["", "\0", "\ud800", "~nobody-of-that-name", "n" * 5000, "/dev/null", "\x1b[31m"])
def test_data_that_can_be_no_folder(data):
    with pytest.raises(InputError, match=r"^`data` ") as caught:
        open_dataset(data)
    assert str(caught.value).isprintable()


# Names


HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "new\nline",
    "$x^2$",
    "$\\frac{1}{0",
    "\u202egpj",
    "<script>",
    "食物",
    "{0.__class__}",
    "n" * 240,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_described_harmlessly_and_still_open_the_file(tmp_path, name):
    touch(tmp_path, f"{name}/{name}.jpg", "Egg/1.jpg")
    (tmp_path / name / f"{name}.jpg").write_bytes(b"not a picture")
    split = open_dataset(str(tmp_path)).split()
    index = split.names.index(f"{name}/{name}.jpg")
    assert name in split.class_names
    assert split.describe(index).isprintable()
    assert split.read_bytes(index) == b"not a picture"
    assert split.find(f"{name}/{name}.jpg") == index
    assert len(split.digest) == 64
    for complain in (lambda: match_classes(split, FOOD11), lambda: split.find(f"{name}?")):
        with pytest.raises(InputError) as caught:
            complain()
        assert str(caught.value).isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_names_that_are_no_text_are_read_and_described(tmp_path):
    (tmp_path / "val").mkdir()
    for name in (b"1_caf\xe9.jpg", b"0_a.jpg"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/val/" + name)).write_bytes(name)
    split = open_dataset(str(tmp_path)).split()
    assert split.describe(1) == "val/1_caf\\udce9.jpg (Dairy product)"
    assert split.read_bytes(1) == b"1_caf\xe9.jpg"
    assert len(split.fingerprint) == 64
    assert split.find("1_caf\udce9") == 1


# Ids


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("/", "not in sample training"),
        (",", "not in sample training"),
        ("", "not in sample training"),
        (".", "not in sample training"),
        ("..", "not in sample training"),
        ("0x1", "not in sample training"),
        ("١", "not in sample training"),
        ("57.0", "not in sample training"),
        ("-1", "training has the ids 0 to 9865"),
        ("+57", "not in sample training"),
        (" 57", "not in sample training"),
        ("057", "not in sample training"),
        ("9866", "training has the ids 0 to 9865"),
        (str(10**30), "training has the ids 0 to 9865"),
        ("9" * 5000, "training has the ids 0 to 9865"),
        ("a" * 10000, "not in sample training"),
        ("\x1b[31m", "not in sample training"),
        ("\udcff", "not in sample training"),
    ],
)
def test_odd_ids_are_one_line(asked, message):
    with pytest.raises(InputError, match=rf"^`ids` .*: {message}") as caught:
        SAMPLE.find(asked)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    touch(folder, "Bread/1.jpg", "Bread/a.b.png", "Egg/1.jpg", "Egg/07.jpg")
    return open_dataset(str(folder)).split()


def found(split: Split, asked: str) -> int | str:
    try:
        return split.find(asked)
    except InputError as error:
        return str(error)


@given(st.text(st.characters(codec=None), max_size=12) | st.text("0123456789./-_ Breadgj", max_size=12))
def test_any_text_is_an_id_or_one_line(small, asked):
    answer = found(small, asked)
    if isinstance(answer, int):
        assert 0 <= answer < len(small)
    else:
        assert answer.startswith("`ids` ")
        assert answer.splitlines() == [answer]
        assert not {unicodedata.category(sign) for sign in answer} & {"Cc", "Cs"}


@given(st.integers(0, 3))
def test_every_way_of_writing_an_id_finds_it(small, index):
    name = small.names[index]
    for asked in (str(index), name, name.rpartition(".")[0], name.rpartition(".")[0] + ".webp"):
        assert small.find(asked) == index
