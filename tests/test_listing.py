"""Which files of a folder are its pictures, and which class each is of."""

from pathlib import Path

import pytest

from foodviz.data import FOOD11, files, open_dataset
from foodviz.errors import InputError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def split_of(folder: Path, name: str | None = None):
    return open_dataset(str(folder)).split(name)


def test_class_folders_are_read_at_any_depth(tmp_path):
    touch(tmp_path, "apple/0.jpg", "apple/old/1.jpg", "apple/old/er/2.jpg", "plum/a/3.jpg")
    split = split_of(tmp_path)
    assert split.names == ("apple/0.jpg", "apple/old/1.jpg", "apple/old/er/2.jpg", "plum/a/3.jpg")
    assert split.labels == (0, 0, 0, 1)
    assert split.find("apple/old/er/2") == 2


def test_links_between_folders_end(tmp_path):
    touch(tmp_path, "apple/0.jpg", "plum/1.jpg")
    for name in ("back", "again"):
        (tmp_path / "apple" / name).symlink_to(tmp_path / "apple", target_is_directory=True)
    assert split_of(tmp_path).names == ("apple/0.jpg", "plum/1.jpg")


@pytest.mark.parametrize("left", ["__MACOSX/apple/._0.jpg", ".ipynb_checkpoints/0.jpg", "@eaDir/0.jpg", "notes/a.txt"])
def test_what_programs_leave_is_no_class(tmp_path, left):
    touch(tmp_path, "apple/0.jpg", "plum/1.jpg", left, ".DS_Store")
    assert split_of(tmp_path).class_names == ("apple", "plum")


def test_an_empty_folder_is_a_class(tmp_path):
    touch(tmp_path, "apple/0.jpg", "plum/1.jpg")
    (tmp_path / "kiwi").mkdir()
    assert split_of(tmp_path).class_names == ("apple", "kiwi", "plum")


def test_pictures_that_nothing_reads_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "reads", lambda kind: kind == "AVIF")
    touch(tmp_path, "apple/0.jpg", "apple/1.avif", "apple/2.HEIC", "plum/3.jpg", "plum/4.psd", "plum/5.heic")
    split = split_of(tmp_path)
    assert split.names == ("apple/0.jpg", "apple/1.avif", "plum/3.jpg")
    assert split.remarks == (
        "3 pictures are left out, of kinds that cannot be read here (2 .heic, 1 .psd); "
        "pip install pillow-heif reads .heic",
    )
    touch(tmp_path / "flat", "0.jpg", "1.heic")
    assert "1 picture is left out" in split_of(tmp_path / "flat").remarks[0]


def test_class_folders_go_before_pictures_beside_them_that_name_no_class(tmp_path):
    touch(tmp_path, "preview.jpg", "apple/0.jpg", "plum/1.jpg")
    split = split_of(tmp_path)
    assert split.names == ("apple/0.jpg", "plum/1.jpg")
    assert split.remarks[0].startswith("1 pictures beside the class folders are left out, first preview.jpg")


# Classes


def test_the_training_split_says_which_classes_there_are(tmp_path):
    touch(tmp_path, "train/apple/0.jpg", "train/kiwi/0.jpg", "train/plum/0.jpg", "val/plum/1.jpg", "test/unknown/2.jpg")
    validation, testing = split_of(tmp_path, "val"), split_of(tmp_path, "test")
    assert (validation.class_names, validation.labels) == (("apple", "kiwi", "plum"), (2,))
    assert testing.labels == (-1,)
    assert "unknown is no class of the training split" in testing.remarks[0]


@pytest.mark.parametrize(
    "names",
    [
        ["2023_11_05.jpg", "2023_11_06.jpg", "2023_11_07.jpg"],
        ["05_11_2023.jpg", "06_11_2023.jpg"],
        ["20190510_130000.jpg", "20190511_130000.jpg"],
        ["1999_a.jpg", "2001_b.jpg", "2023_c.jpg"],
        ["1000000000_1.jpg", "1000000001_1.jpg"],
    ],
)
def test_dates_times_and_counters_are_no_labels(tmp_path, names):
    touch(tmp_path, *names)
    split = split_of(tmp_path)
    assert not split.labelled
    assert len(split.class_names) == 11
    assert "is a date, a time or too large for a class" in split.remarks[0]


def test_many_classes_that_follow_one_another_are_classes(tmp_path):
    touch(tmp_path, *(f"{number}_0.jpg" for number in range(0, 1500, 7)))
    assert max(split_of(tmp_path).labels) == 1498 - 1498 % 7


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        ([f"{k:02}" for k in range(11)], FOOD11),
        (["00", "03"], FOOD11),
        ([str(k) for k in range(10)], tuple(map(str, range(10)))),
        ([str(k) for k in range(1, 12)], tuple(sorted(map(str, range(1, 12))))),
        (["Bread", "Egg"], ("Bread", "Egg")),
    ],
)
def test_the_courses_names_stand_where_its_own_way_of_writing_does(tmp_path, folders, names):
    touch(tmp_path, *(f"{folder}/0.jpg" for folder in folders))
    assert split_of(tmp_path).class_names == names


def test_the_courses_names_stand_where_the_path_says_so(tmp_path):
    touch(tmp_path / "Food-11", *(f"{k}/0.jpg" for k in range(11)))
    assert split_of(tmp_path / "Food-11").class_names == FOOD11


# Splits


def test_the_default_split_is_what_is_likest_to_it(tmp_path):
    touch(tmp_path, "train/apple/0.jpg", "test/apple/1.jpg")
    data = open_dataset(str(tmp_path))
    assert data.split(default="validation").name == "test"
    assert (data.missing("validation"), data.missing(None)) == ("validation", "")
    with pytest.raises(InputError, match="`split` validation: not in"):
        data.split("validation")
    touch(tmp_path / "one", "train/apple/0.jpg")
    assert open_dataset(str(tmp_path / "one")).split(default="validation").name == "train"
