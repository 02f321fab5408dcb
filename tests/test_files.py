"""Only whole regular files of a bearable size are read; the rest is named in one line, and nothing waits for ever."""

import os
import socket
from pathlib import Path

import pytest

from foodviz.data import files, open_dataset, open_files
from foodviz.data.files import read_file
from foodviz.errors import InputError


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)  # a socket's whole path may be too long


ODD = {
    "folder": (Path.mkdir, "a folder(, not a file| without a picture)"),
    "pipe": (fifo, "not a regular file"),
    "socket": (unix_socket, "not a regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "broken link": (lambda path: path.symlink_to("gone"), "no such file"),
    "circle": (lambda path: path.symlink_to(path.name), "Too many levels"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system of files alone")
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_named_and_not_opened(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make, message = ODD[kind]
    make(Path("1_0.jpg"))
    for look in (lambda: open_files(["1_0.jpg"]), lambda: read_file(Path("1_0.jpg"), "`image` 1_0.jpg")):
        with pytest.raises(InputError, match=rf"^`image` 1_0\.jpg: {message}") as caught:
            look()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a\0b", "~nobody-of-that-name/x.jpg", "\ud800.jpg", "n" * 5000])
def test_names_that_can_be_no_file_are_named(name):
    with pytest.raises(InputError, match="`image`") as caught:
        open_files([name])
    assert len(str(caught.value)) < 250


def test_a_file_larger_than_a_photograph_is_not_read(tmp_path):
    path = tmp_path / "x.jpg"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(InputError, match="1,048,576 MB, more than a picture may have"):
        read_file(path, "x.jpg")


def test_a_file_that_changes_or_goes_between_listing_and_reading_is_named(tmp_path, monkeypatch):
    for name in ("1_0.jpg", "2_0.jpg"):
        (tmp_path / name).write_bytes(b"x" * 100)
    split = open_dataset(str(tmp_path)).split()
    before = split.fingerprint
    (tmp_path / "2_0.jpg").unlink()
    with pytest.raises(InputError, match=r"2_0\.jpg: no such file"):
        split.read_bytes(1)
    assert open_dataset(str(tmp_path)).split().fingerprint != before
    truly = os.fstat

    def grown(number: int) -> os.stat_result:
        fields = list(truly(number))
        fields[6] -= 1
        return os.stat_result(fields)

    monkeypatch.setattr(files.os, "fstat", grown)
    with pytest.raises(InputError, match=r"1_0\.jpg: the file changes while it is read"):
        split.read_bytes(0)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_closed_file_is_named(tmp_path):
    (tmp_path / "1_0.jpg").write_bytes(b"x")
    (tmp_path / "1_0.jpg").chmod(0)
    with pytest.raises(InputError, match=r"1_0\.jpg: Permission denied"):
        open_dataset(str(tmp_path)).split().read_bytes(0)
