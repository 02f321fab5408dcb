"""Folders, patterns and lists of pictures."""

import pytest

from foodviz.data import open_files
from foodviz.errors import InputError


@pytest.fixture
def three(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.jpg", "in/deep/a.png", "in/notes.txt", "[x].jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("in/deep/a.png\n\nin/b.jpg\n")
    (tmp_path / "empty").mkdir()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("in", ("in/b.jpg", "in/deep/a.png")),
        ("in/*.jpg", ("in/b.jpg",)),
        ("in/**/*.png", ("in/deep/a.png",)),
        ("@list.txt", ("in/deep/a.png", "in/b.jpg")),
        ("[x].jpg", ("[x].jpg",)),
    ],
)
def test_what_a_name_means(three, given, names):  # noqa: ARG001
    split = open_files([given])
    assert split.names == names
    assert split.labels == (-1,) * len(names)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("empty", "a folder without"),
        ("*.gif", "no file has"),
        ("@gone.txt", "no such file"),
        ("gone.jpg", "no such file"),
    ],
)
def test_what_means_nothing_is_one_line(three, given, message):  # noqa: ARG001
    with pytest.raises(InputError, match=rf"^`image` .*: {message}"):
        open_files([given])
