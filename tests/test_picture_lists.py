"""Splits that text files list, as Food-101 has them."""

from pathlib import Path

import pytest

from foodviz.data import FOOD11, open_dataset, picture_lists
from foodviz.errors import InputError

CLASSES = ("apple_pie", "baklava")


@pytest.fixture
def food101(tmp_path) -> Path:
    """Two classes of Food-101; the files hold nothing."""
    for name in CLASSES:
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in (10, 9, 100, 7):
            (tmp_path / "images" / name / f"{number}.jpg").touch()
    write(tmp_path, "train", *(f"{name}/{number}" for name in CLASSES for number in (9, 10, 100)))
    write(tmp_path, "test", *(f"{name}/7" for name in reversed(CLASSES)))
    return tmp_path


def write(root: Path, name: str, *lines: str) -> None:
    (root / "meta").mkdir(exist_ok=True)
    (root / "meta" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def test_the_splits_are_the_lists_in_lexicographic_order(food101):
    data = open_dataset(str(food101))
    training, testing = data.split(), data.split("evaluation")
    numbers = ("10", "100", "9")
    assert training.names == tuple(f"{name}/{number}.jpg" for name in CLASSES for number in numbers)
    assert testing.names == ("apple_pie/7.jpg", "baklava/7.jpg")
    assert (training.labels, testing.labels) == ((0,) * 3 + (1,) * 3, (0, 1))
    assert training.class_names == testing.class_names == CLASSES
    assert (training.name, testing.name) == ("train", "test")
    assert [split.name for split in data.splits()] == ["train", "test"]
    assert testing.find("baklava/7") == 1
    assert training.remarks == testing.remarks == ()


def test_a_split_without_a_list_is_not_there_and_the_likest_takes_its_place(food101):
    data = open_dataset(str(food101))
    with pytest.raises(InputError, match=r"`split` validation: not in .*there are: train, test"):
        data.split("validation")
    assert (data.split(default="validation").name, data.missing("validation")) == ("test", "validation")


def test_an_archive_in_a_folder_of_its_own_is_found_and_all_its_pictures_are_a_split_too(food101):
    inner = food101.with_name("outer") / "food-101"
    inner.parent.mkdir()
    food101.rename(inner)
    data = open_dataset(str(inner.parent))
    assert len(data.split("test")) == 2
    assert len(data.split("images")) == 8


def test_pictures_are_read_below_images_and_have_the_stamp_of_their_files(food101):
    picture = food101 / "images" / "baklava" / "7.jpg"
    split = open_dataset(str(food101)).split("test")
    before = split.fingerprint
    picture.write_bytes(b"abc")
    assert split.read_bytes(1) == b"abc"
    assert open_dataset(str(food101)).split("test").fingerprint != before


def test_listed_pictures_that_are_missing_are_counted(food101):
    write(food101, "test", "apple_pie/7", "apple_pie/8", "apple_pie/\x1b[31m")
    split = open_dataset(str(food101)).split("test")
    assert split.names == ("apple_pie/7.jpg",)
    assert split.remarks == ("2 of 3 pictures that test.txt lists are not there, first apple_pie/8",)
    write(food101, "test", "apple_pie/8")
    with pytest.raises(InputError, match=r"no picture in .*test\.txt"):
        open_dataset(str(food101)).split("test")


def test_no_line_leads_outside(food101):
    outside = food101 / "secret.jpg"
    outside.touch()
    lines = ["../secret", "../secret.jpg", str(outside), "apple_pie/../../secret.jpg", "./apple_pie/7", "apple_pie/7\0"]
    write(food101, "test", *lines, "apple_pie/7.jpg", "apple_pie/7")
    split = open_dataset(str(food101)).split("test")
    assert split.names == ("apple_pie/7.jpg",)
    assert split.remarks[0].startswith("6 of 8 pictures")


def test_the_classes_are_those_of_classes_txt_else_of_the_training_list(food101):
    write(food101, "test", "baklava/7")
    assert open_dataset(str(food101)).split("test").labels == (1,)
    write(food101, "classes", "baklava", "waffles", "apple_pie")
    split = open_dataset(str(food101)).split("test")
    assert (split.class_names, split.labels) == (("baklava", "waffles", "apple_pie"), (0,))
    write(food101, "classes", "waffles")
    split = open_dataset(str(food101)).split("test")
    assert split.labels == (-1,)
    assert "baklava is no class" in split.remarks[0]


def test_lists_as_windows_writes_them_are_read(food101):
    (food101 / "meta" / "test.txt").write_bytes(b"\xef\xbb\xbfapple_pie/7\r\n\r\nbaklava/7\r\n")
    split = open_dataset(str(food101)).split("test")
    assert (len(split), split.remarks) == (2, ())


def test_a_list_is_bounded(food101, monkeypatch):
    monkeypatch.setattr(picture_lists, "MOST_BYTES", 8)
    with pytest.raises(InputError, match=r"test\.txt: 0 MB, more than a list may have"):
        open_dataset(str(food101)).split("test")


def test_folders_of_splits_go_before_lists(food101):
    (food101 / "test" / "soup").mkdir(parents=True)
    (food101 / "test" / "soup" / "1.jpg").touch()
    assert open_dataset(str(food101)).split("test").class_names == ("soup",)


def test_food11s_names_stand_where_its_folders_are_listed(tmp_path):
    for number in range(11):
        folder = tmp_path / "images" / f"{number:02}"
        folder.mkdir(parents=True)
        (folder / "1.jpg").touch()
    write(tmp_path, "train", *(f"{number:02}/1" for number in range(11)))
    split = open_dataset(str(tmp_path)).split()
    assert (split.class_names, split.labels) == (FOOD11, tuple(range(11)))
