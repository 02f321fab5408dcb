"""Labels from a table beside the pictures, and tables that are none."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foodviz.data import FOOD11, Split, label_tables, open_dataset

NAMES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Four pictures that hold nothing, and say nothing of their classes."""
    fill(tmp_path)
    return tmp_path


def fill(folder: Path, names: tuple[str, ...] = NAMES) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    for name in names:
        (folder / name).touch()


def labels_of(split: Split) -> list[str]:
    return [split.class_names[label] if label >= 0 else "" for label in split.labels]


def read(folder: Path, text: str, name: str = "labels.csv", split: str | None = None) -> Split:
    (folder / name).write_bytes(text.encode())
    return open_dataset(str(folder)).split(split)


WANTED = ["rice", "soup", "rice", "soup"]
TABLES = [
    "file,label\na.jpg,rice\nb.jpg,soup\nc.jpg,rice\nd.jpg,soup\n",
    "d.jpg,soup\nc.jpg,rice\nb.jpg,soup\na.jpg,rice\n",
    "soup;b\nrice;a\nrice;c\nsoup;d\n",
    '\ufeff"what"\t"which"\r\n"rice"\t"a.jpg"\r\n"soup"\t"b.jpg"\r\n"rice"\t"c.jpg"\r\n"soup"\t"d.jpg"\r\n',
    ",id,breed,x\n0,a,rice,0.5\n1,b,soup,0.25\n2,c,rice,0.5\n3,d,soup,0.25\n",
    "file,class_id,class_name\na.jpg,0,rice\nb.jpg,1,soup\nc.jpg,0,rice\nd.jpg,1,soup\n",
    "file,split,label\na.jpg,x,rice\nb.jpg,x,soup\nc.jpg,y,rice\nd.jpg,y,soup\nother.jpg,y,cake\n",
    "path,stem,kind\n./a.jpg,a,rice\n./b.jpg,b,soup\n./c.jpg,c,rice\n./d.jpg,d,soup\n",
]


@pytest.mark.parametrize("text", TABLES)
def test_file_and_label_are_found_by_their_contents(folder, text):
    split = read(folder, text)
    assert split.names == NAMES
    assert labels_of(split) == WANTED
    assert split.remarks[0].startswith("labels are those of labels.csv: pictures by ")


@pytest.mark.parametrize("prefix", ["images/", "./images/", "C:\\data\\images\\", "/kaggle/input/images/", ""])
def test_paths_lead_to_the_folder_of_the_pictures_wherever_it_lay(tmp_path, prefix):
    fill(tmp_path / "images")
    lines = "".join(f"{prefix}{name},{label}\n" for name, label in zip(NAMES, WANTED, strict=True))
    split = read(tmp_path, f"file,label\n{lines}", "any.csv")
    assert labels_of(split) == WANTED


def test_numbers_are_the_classes_numbers_and_food11s_where_the_path_says_so(tmp_path):
    text = "file,label\na.jpg,2\nb.jpg,0\nc.jpg,2\nd.jpg,0\n"
    for name, expected in (("other", ("0", "1", "2")), ("food-11", FOOD11)):
        fill(tmp_path / name)
        split = read(tmp_path / name, text)
        assert (split.labels, split.class_names, split.numbered) == ((2, 0, 2, 0), expected, True)


def test_pictures_that_the_table_lacks_are_unlabelled_and_counted(folder):
    split = read(folder, "file,label\na.jpg,rice\nb.jpg,soup\nc.jpg,\n")
    assert labels_of(split) == ["rice", "soup", "", ""]
    assert split.remarks[0].endswith("pictures by file, classes by label; 2 of 4 pictures have none there")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column names half of the 4 pictures"),
        ("x,y\n1,2\n", "no column names half"),
        ("file,label\na.jpg,rice\nz.jpg,soup\n", "no column names half"),
        ("file\na.jpg\nb.jpg\nc.jpg\nd.jpg\n", "no column says classes"),
        ("file,p,q\na.jpg,rice,x\nb.jpg,soup,x\nc.jpg,rice,y\nd.jpg,soup,y\n", "cannot be told (p, q)"),
        ("filename,apple,pear,plum\na,1,0,0\nb,0,1,0\nc,0,0,1\nd,1,1,0\n", "cannot be told (apple, pear, plum)"),
        ("file,label\na,rice\na,soup\nb,rice\nc,soup\nd,soup\n", "a.jpg is in it with several classes"),
        ("file,x\na.jpg,one\nb.jpg,two\nc.jpg,three\nd.jpg,four\n", "no column says classes"),
        ("file,label\na.jpg,0\nb.jpg,0\nc.jpg,0\nd.jpg,0\n", "no column says classes"),
        ("file,label\na.jpg,0.5\nb.jpg,0.25\nc.jpg,0.5\nd.jpg,0.25\n", "no column says classes"),
        ("file,label\na.jpg,20230101\nb.jpg,3\nc.jpg,3\nd.jpg,3\n", "no column says classes"),
        ("one,two,label\na.jpg,b.jpg,x\nb.jpg,a.jpg,y\nc.jpg,d.jpg,x\nd.jpg,c.jpg,y\n", "two columns"),
    ],
)
def test_what_is_doubtful_is_not_read_and_said_in_one_line(folder, text, message):
    split = read(folder, text)
    assert not split.labelled
    (remark,) = split.remarks
    assert remark.startswith("no labels are read: ")
    assert message in remark
    assert remark.isprintable()


def test_tables_are_bounded(folder, monkeypatch):
    monkeypatch.setattr(label_tables, "MOST_ROWS", 3)
    assert "more than 3 rows" in read(folder, TABLES[0]).remarks[0]
    monkeypatch.setattr(label_tables, "MOST_BYTES", 8)
    assert "more than a list may have" in read(folder, TABLES[0]).remarks[0]


def test_what_is_not_utf8_is_said(folder):
    (folder / "labels.csv").write_bytes("file,label\na.jpg,米\n".encode("gbk"))
    assert "labels.csv: not written in UTF-8" in open_dataset(str(folder)).split().remarks[0]


def test_of_several_tables_labels_csv_is_read_and_else_none(folder):
    (folder / "other.csv").write_text("x,y\n1,2\n")
    assert labels_of(read(folder, TABLES[0])) == WANTED
    (folder / "labels.csv").rename(folder / "mine.csv")
    split = open_dataset(str(folder)).split()
    assert not split.labelled
    assert "2 tables are in" in split.remarks[0]
    assert "call the right one labels.csv" in split.remarks[0]


def test_classes_that_names_and_folders_say_go_before_a_table(tmp_path):
    fill(tmp_path, ("3_a.jpg", "4_b.jpg"))
    split = read(tmp_path, "file,label\n3_a.jpg,rice\n4_b.jpg,soup\n")
    assert (split.labels, split.remarks) == ((3, 4), ())


# Splits


def test_each_split_has_the_table_of_its_name_and_the_classes_of_the_training_split(tmp_path):
    for name in ("train", "val", "test"):
        fill(tmp_path / name)
    (tmp_path / "val.csv").write_text("file,label\na.jpg,soup\nb.jpg,soup\nc.jpg,kiwi\nd.jpg,\n")
    training = read(tmp_path, "file,label\na.jpg,rice\nb.jpg,soup\nc.jpg,cake\nd.jpg,soup\n", "train.csv", "train")
    validation, testing = (open_dataset(str(tmp_path)).split(name) for name in ("val", "test"))
    assert training.class_names == validation.class_names == ("cake", "rice", "soup")
    assert labels_of(validation) == ["soup", "soup", "", ""]
    assert "kiwi is no class of the training split" in validation.remarks[1]
    assert not testing.labelled
    assert testing.remarks == ()


def test_one_table_for_all_splits_is_read_where_it_says_which_picture_is_meant(tmp_path):
    for name in ("train", "val"):
        fill(tmp_path / name)
    assert "val has pictures of the same names" in read(tmp_path, TABLES[0], split="train").remarks[0]
    rows = [f"{where}/{name},{label}" for where in ("train", "val") for name, label in zip(NAMES, WANTED, strict=True)]
    text = "\n".join(["file,label", *rows]).replace("val/a.jpg,rice", "val/a.jpg,soup")
    assert labels_of(read(tmp_path, text, split="train")) == WANTED
    assert labels_of(read(tmp_path, text, split="val")) == ["soup", *WANTED[1:]]


def test_nothing_outside_of_the_data_is_looked_at(tmp_path):
    fill(tmp_path / "images")
    (tmp_path / "labels.csv").write_text(TABLES[0])
    split = open_dataset(str(tmp_path / "images")).split()
    assert (split.labelled, split.remarks) == (False, ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(["a.jpg", "b", "c", "\x1b[31m", '"', "1", "0.5", "rice", ""]), max_size=4)))
def test_whatever_a_table_holds_the_pictures_are_there(folder, rows):
    split = read(folder, "\n".join(",".join(row) for row in rows))
    assert split.names == NAMES
    assert all(remark.isprintable() for remark in split.remarks)
