"""Every layout of Food-11 gives the ids people write about."""

import io
from pathlib import Path

import pytest

from foodviz.data import FOOD11, open_split
from foodviz.data.sample import COUNTS
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


@pytest.mark.parametrize(
    ("folders", "asked"),
    [
        (("training", "validation", "evaluation"), ("training", "validation", "evaluation")),
        (("training", "validation", "testing"), ("train", "val", "test")),
        (("train", "valid", "test"), ("training", "validation", "evaluation")),
    ],
)
def test_flat_layouts_give_the_known_ids(tmp_path, folders, asked):
    for split, folder in zip(COUNTS, folders, strict=True):
        touch(tmp_path / folder, flat(split))
    touch(tmp_path / folders[0], [".DS_Store", "Thumbs.db", "._0_15.jpg", "notes.txt"])
    training, validation, evaluation = (open_split(str(tmp_path), name) for name in asked)
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
    listing = open_split(str(tmp_path), "train")
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
    training, validation, testing = (open_split(str(tmp_path), name) for name in ("training", "valid", "testing"))
    assert (len(training), len(validation), len(testing)) == (3080, 660, 30)
    assert training.labels[:280] == (0,) * 280
    assert training.class_names == FOOD11
    assert not testing.labelled
    assert testing.find("0007") == 7
    assert testing.find("7") == 7
    assert len(open_split(str(tmp_path / "food-11"), "training/unlabeled")) == 1


def test_other_classes_keep_their_names_and_a_folder_of_pictures_is_a_split(tmp_path):
    touch(tmp_path / "cats", ["a.png"])
    touch(tmp_path / "dogs", ["b.JPG", "c.jpeg"])
    listing = open_split(str(tmp_path))
    assert listing.class_names == ("cats", "dogs")
    assert listing.names == ("cats/a.png", "dogs/b.JPG", "dogs/c.jpeg")
    assert listing.labels == (0, 1, 1)
    assert open_split(str(tmp_path / "dogs")).labels == (-1, -1)


def test_many_numbered_classes_are_numbered(tmp_path):
    touch(tmp_path, ["100_0.jpg", "7_1.jpg"])
    assert open_split(str(tmp_path)).class_names[100] == "class 100"


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
        open_split(data, split)


@pytest.mark.parametrize(
    ("asked", "message"), [("99999", "0 to 9865"), ("0_9999", "did you mean"), ("", "not in sample")]
)
def test_ids_that_are_not_there(asked, message):
    with pytest.raises(InputError, match=message):
        open_split("sample").find(asked)


def test_a_name_that_several_pictures_have(tmp_path):
    touch(tmp_path / "training" / "cats", ["1.jpg"])
    touch(tmp_path / "training" / "dogs", ["1.jpg"])
    listing = open_split(str(tmp_path))
    with pytest.raises(InputError, match="2 pictures"):
        listing.find("1.jpg")
    assert listing.find("dogs/1.jpg") == 1


def test_the_sample_has_food11s_ids_and_the_folder_written_from_it_too(foodviz):
    sample = open_split("sample", "train")
    assert {index: sample.names[index] for index in REPORT} == {i: f"{name}.jpg" for i, name in REPORT.items()}
    assert foodviz("sample", "--out", "food", "--split", "validation", "--limit", "2", "--masks").exit_code == 0
    written = open_split("food", "validation")
    assert len(written) == 22
    assert written.names == tuple(sorted(f"{label}_{n}.jpg" for label in range(11) for n in range(2)))
    validation = open_split("sample", "validation")
    place = validation.find("3_1")
    assert written.read_bytes(written.find("3_1")) == validation.read_bytes(place)
    assert (written.mask(written.find("3_1")) == validation.mask(place)).all()


def test_spread_is_even():
    listing = open_split("sample")
    assert listing.spread(4) == (1233, 3699, 6166, 8632)
    assert len(set(listing.spread(500))) == 500


def test_listing_a_folder_reads_no_picture(tmp_path, monkeypatch):
    touch(tmp_path / "training", flat("training"))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("a picture was read"))
    monkeypatch.setattr(io, "open", lambda *_: pytest.fail("a picture was opened"))
    assert len(open_split(str(tmp_path))) == 9866
