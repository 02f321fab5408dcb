"""Every layout of Food-11 gives the ids people write about."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodviz.data import FOOD11, folders, open_dataset, open_files, spread_ids
from foodviz.data.sample.listing import COUNTS
from foodviz.errors import InputError

# The report's photographs, and where its dream begins; derived from Food-11's counts (numbered without holes).
REPORT = {57: "0_15", 3207: "2_616", 4707: "4_179", 3784: "3_235", 6680: "5_9"}
LISTING_ORDER = [994, 709, 429, 1500, 986, 848, 1325, 440, 280, 855, 1500]


def touch(folder: Path, names: list[str]) -> None:
    """Files that are there and hold nothing: listing must not read them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def flat(split: str) -> list[str]:
    return [f"{label}_{n}.jpg" for label, count in enumerate(COUNTS[split]) for n in range(count)]


@pytest.fixture(scope="module")
def food11(tmp_path_factory) -> Path:
    """Food-11's 16,643 names, flat, and what lies about in folders."""
    root = tmp_path_factory.mktemp("food11")
    for split in COUNTS:
        touch(root / split, flat(split))
    touch(root / "training", [".DS_Store", "Thumbs.db", "._0_15.jpg", "notes.txt"])
    return root


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        (("training", "validation", "evaluation"), ("training", "validation", "evaluation")),
        (("training", "validation", "testing"), ("train", "val", "test")),
        (("train", "valid", "test"), ("training", "validation", "evaluation")),
    ],
)
def test_flat_layouts_give_the_known_ids(food11, tmp_path, named, asked):
    for split, folder in zip(COUNTS, named, strict=True):
        (tmp_path / folder).symlink_to(food11 / split, target_is_directory=True)
    training, validation, evaluation = (open_dataset(str(tmp_path)).split(name) for name in asked)
    assert (len(training), len(validation), len(evaluation)) == (9866, 3430, 3347)
    assert {index: training.names[index] for index in REPORT} == {i: f"{name}.jpg" for i, name in REPORT.items()}
    assert [training.find(name) for name in REPORT.values()] == list(REPORT)
    assert training.class_names == FOOD11
    runs = [label for i, label in enumerate(training.labels) if i == 0 or training.labels[i - 1] != label]
    assert runs == [0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [training.labels.count(label) for label in runs] == LISTING_ORDER


def test_a_folder_per_class_name(tmp_path):
    for label, name in enumerate(FOOD11):
        numbers = range(COUNTS["training"][label])
        touch(tmp_path / "training" / name.replace("/", "-"), [f"{n}.jpg" for n in numbers])
    listing = open_dataset(str(tmp_path)).split("train")
    assert listing.class_names == FOOD11
    assert [listing.labels.count(label) for label in range(11)] == list(COUNTS["training"])
    assert listing.describe(57) == "training/Bread/15.jpg (Bread)"
    assert listing.describe(len(listing) - 1) == "training/Vegetable-Fruit/99.jpg (Vegetable/Fruit)"
    assert listing.find("Soup/7.jpg") == listing.names.index("Soup/7.jpg")


def test_the_course_of_2021(tmp_path):
    for label in range(11):
        touch(tmp_path / "food-11" / "training" / "labeled" / f"{label:02}", [f"{n}.jpg" for n in range(280)])
        touch(tmp_path / "food-11" / "validation" / f"{label:02}", [f"{n}.jpg" for n in range(60)])
    touch(tmp_path / "food-11" / "training" / "unlabeled" / "00", ["0.jpg"])
    touch(tmp_path / "food-11" / "testing", [f"{n:04}.jpg" for n in range(30)])
    training, validation, testing = (
        open_dataset(str(tmp_path)).split(name) for name in ("training", "valid", "testing")
    )
    assert (len(training), len(validation), len(testing)) == (3080, 660, 30)
    assert training.labels[:280] == (0,) * 280
    assert training.class_names == FOOD11
    assert not testing.labelled
    assert testing.find("0007") == 7
    assert testing.find("7") == 7
    assert len(open_dataset(str(tmp_path / "food-11")).split("training/unlabeled")) == 1


def test_other_classes_keep_their_names_and_a_folder_of_pictures_is_a_split(tmp_path):
    touch(tmp_path / "cats", ["a.png"])
    touch(tmp_path / "dogs", ["b.JPG", "c.jpeg"])
    listing = open_dataset(str(tmp_path)).split()
    assert listing.class_names == ("cats", "dogs")
    assert listing.names == ("cats/a.png", "dogs/b.JPG", "dogs/c.jpeg")
    assert listing.labels == (0, 1, 1)
    assert open_dataset(str(tmp_path / "dogs")).split().labels == (-1, -1)


def test_many_numbered_classes_are_numbered(tmp_path):
    touch(tmp_path, ["100_0.jpg", "7_1.jpg"])
    assert open_dataset(str(tmp_path)).split().class_names[100] == "class 100"


@pytest.mark.parametrize(
    ("data", "split", "message"),
    [
        ("nowhere", None, "no such folder"),
        ("trainin", None, "did you mean .*training"),
        (".", "evaluation", "not in"),
        ("empty", None, "no picture"),
        ("training/0_0.jpg", None, "a file, not a folder"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, monkeypatch, data, split, message):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path / "training", ["0_0.jpg"])
    touch(tmp_path / "empty", ["notes.txt"])
    with pytest.raises(InputError, match=message):
        open_dataset(data).split(split)


@pytest.mark.parametrize(
    ("asked", "message"), [("99999", "0 to 9865"), ("0_9999", "did you mean"), ("", "not in sample")]
)
def test_ids_that_are_not_there(asked, message):
    with pytest.raises(InputError, match=message):
        open_dataset().split().find(asked)


def test_a_name_that_several_pictures_have(tmp_path):
    touch(tmp_path / "training" / "cats", ["1.jpg"])
    touch(tmp_path / "training" / "dogs", ["1.jpg"])
    listing = open_dataset(str(tmp_path)).split()
    with pytest.raises(InputError, match="2 pictures"):
        listing.find("1.jpg")
    assert listing.find("dogs/1.jpg") == 1


def test_the_sample_has_food11s_ids_and_the_folder_written_from_it_too(foodviz):
    sample = open_dataset().split("train")
    assert {index: sample.names[index] for index in REPORT} == {i: f"{name}.jpg" for i, name in REPORT.items()}
    assert foodviz("sample", "--out", "food", "--split", "validation", "--limit", "2", "--masks").exit_code == 0
    written = open_dataset("food").split("validation")
    assert len(written) == 22
    assert written.names == tuple(sorted(f"{label}_{n}.jpg" for label in range(11) for n in range(2)))
    validation = open_dataset().split("validation")
    place = validation.find("3_1")
    assert written.read_bytes(written.find("3_1")) == validation.read_bytes(place)
    assert (written.mask(written.find("3_1")) == validation.mask(place)).all()


def test_spread_is_even():
    listing = open_dataset().split()
    assert listing.spread(4) == (1233, 3699, 6166, 8632)
    assert len(set(listing.spread(500))) == 500


@given(st.integers(1, 40), st.integers(0, 50))
def test_spread_ids_are_the_middles_of_equal_parts(length, count):
    ids = [3 * place for place in range(length)]
    spread = spread_ids(ids, count)
    assert len(spread) == len(set(spread)) == min(count, length)
    assert all(index in ids for index in spread)
    assert [ids.index(index) for index in spread] == [
        int((part + 0.5) * length / len(spread)) for part in range(count)
    ][: len(spread)]


def test_a_split_is_listed_once_and_the_usual_ones_are_found(tmp_path):
    for name in ("train", "testing", "extra"):
        touch(tmp_path / name, ["0_0.jpg", "4_1.jpg", "cake.jpg"])
    (tmp_path / "val").mkdir()
    data = open_dataset(str(tmp_path), resize="plain")
    assert data.data == str(tmp_path)
    assert [split.name for split in data.splits()] == ["train", "testing"]
    assert data.split("training") is data.split("training")
    assert data.split("extra").labelled_ids == (0, 1)
    assert data.split(default="test").name == "testing"
    assert data.split("extra").resize == "plain"
    assert [split.name for split in open_dataset().splits()] == ["training", "validation", "evaluation"]


def test_the_region_of_the_food_is_its_mask_else_the_middle_half():
    photographs = open_dataset().split()
    where, region = photographs.region(57, (96, 96))
    assert where == "the food"
    assert region.mean() == pytest.approx(photographs.mask(57).mean(), abs=0.01)
    for without in (open_files([]).region(None, (40, 60)), photographs.region(None, (40, 60))):
        assert without[0] == "the middle half"
        assert without[1].shape == (40, 60)
        assert without[1].mean() == pytest.approx(0.5, abs=0.05)


def test_listing_a_folder_reads_no_picture(food11, monkeypatch):
    monkeypatch.setattr(folders, "read_file", lambda *_: pytest.fail("a picture was read"))
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("a picture was opened"))
    assert len(open_dataset(str(food11)).split()) == 9866
