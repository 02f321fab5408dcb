"""The maps of a whole split: those of one by one, resumable, refused where something else is, and a page of them."""

import errno
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from trained import bgr, carried

import foodviz
from foodviz.analysis import map_store
from foodviz.analysis.subject import Subject
from foodviz.data import FOOD11, open_dataset
from foodviz.errors import InputError, UsageError
from foodviz.models import Classifier
from foodviz.render import browse
from foodviz.render.browse import browse_page, thumbnail


@pytest.fixture
def subject(sample_folder, monkeypatch) -> Subject:
    """The carried net on 33 pictures; parts are small."""
    monkeypatch.setattr(map_store, "BATCH", 4)
    monkeypatch.setattr(map_store, "BATCHES", 2)
    net = Classifier(carried(bgr(), "bgr"), FOOD11, (32, 32), bgr=True)
    settings = {"data": "food", "device": "cpu", "split": "validation"}
    return Subject(open_dataset(str(sample_folder)), lambda _: net, settings, say=lambda _: None)


def read(folder: Path) -> dict[int, np.ndarray]:
    """As the README says."""
    index = json.loads((folder / "index.json").read_text())
    maps = {}
    for part in index["parts"]:
        with np.load(folder / part["file"]) as arrays:
            maps |= dict(zip(arrays["ids"].tolist(), arrays["maps"], strict=True))
    return maps


def test_the_store_holds_the_maps_that_saliency_gives(subject, tmp_path):
    result = foodviz.saliency(subject, tmp_path / "maps", all_=True, target="predicted", trust="none")
    maps = read(tmp_path / "maps")
    assert sorted(maps) == result.arrays["ids"].tolist() == list(range(33))
    some = [2, 9, 30]
    alone = foodviz.saliency(subject, ids=some, target="predicted", trust="none").arrays["maps"]
    for index, values in zip(some, alone, strict=True):
        np.testing.assert_allclose(maps[index], values, atol=1e-5)
    assert len(list((tmp_path / "maps").glob("*.npz"))) == 5


def test_half_of_the_bytes_keep_three_digits_of_each_map(subject, tmp_path):
    for half in (False, True):
        foodviz.saliency(subject, tmp_path / str(half), all_=True, half=half, trust="none")
    whole, small = read(tmp_path / "False"), read(tmp_path / "True")
    assert small[0].dtype == np.float16
    with np.load(tmp_path / "True/maps-00000000.npz") as arrays:
        for index, peak in zip(arrays["ids"].tolist(), arrays["peaks"].tolist(), strict=True):
            np.testing.assert_allclose(small[index] * peak, whole[index], atol=1e-3 * peak)


def test_what_is_there_stays_and_what_is_missing_or_damaged_is_made_again(subject, tmp_path, monkeypatch):
    folder = tmp_path / "maps"
    foodviz.saliency(subject, folder, all_=True, trust="none")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    first, second, third, *_ = sorted(folder.glob("*.npz"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-5] + b"xxxxx")
    written = []
    write = map_store.write_bytes
    monkeypatch.setattr(map_store, "write_bytes", lambda path, content: written.append(path) or write(path, content))
    foodviz.saliency(subject, folder, all_=True, trust="none")
    assert {path.name for path in written} == {first.name, second.name, "index.json"}
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert third.exists()


def test_a_full_disk_ends_in_one_line_and_what_is_done_stays(subject, tmp_path, monkeypatch):
    folder = tmp_path / "maps"
    write = map_store.write_bytes

    def full(path, content):
        if path.name == "maps-00000016.npz":
            raise InputError(f"{path}: cannot be written ({OSError(errno.ENOSPC, 'No space left on device').strerror})")
        write(path, content)

    monkeypatch.setattr(map_store, "write_bytes", full)
    with pytest.raises(InputError, match="No space left on device"):
        foodviz.saliency(subject, folder, all_=True, trust="none")
    assert len(list(folder.glob("*.npz"))) == 2
    monkeypatch.setattr(map_store, "write_bytes", write)
    foodviz.saliency(subject, folder, all_=True, trust="none")
    assert sorted(read(folder)) == list(range(33))


def test_a_folder_of_another_run_or_of_something_else_is_refused(subject, tmp_path):
    folder = tmp_path / "maps"
    foodviz.saliency(subject, folder, all_=True, trust="none")
    for other in ({"method": ["input-x-gradient"]}, {"half": True}, {"class_name": "Rice"}):
        with pytest.raises(InputError, match="holds the maps of another run"):
            foodviz.saliency(subject, folder, all_=True, trust="none", **other)
    (folder / "index.json").write_text("[]")
    with pytest.raises(InputError, match="holds the maps of another run"):
        foodviz.saliency(subject, folder, all_=True, trust="none")
    (folder / "index.json").unlink()
    with pytest.raises(InputError, match=r"holds \.npz files of something else"):
        foodviz.saliency(subject, folder, all_=True, trust="none")


def test_what_cannot_go_together_is_said(subject, tmp_path):
    for wrong in (
        {"ids": [1]},
        {"limit": 3},
        {"method": ["gradient", "gradcam"]},
        {"against": "Rice"},
        {"overlays": True},
    ):
        with pytest.raises(UsageError, match="`all_` takes one `method`"):
            foodviz.saliency(subject, tmp_path / "maps", all_=True, **wrong)
    with pytest.raises(UsageError, match="`half` is for"):
        foodviz.saliency(subject, ids=[1], half=True)
    with pytest.raises(InputError, match="needs a folder"):
        foodviz.saliency(subject, all_=True)


def test_the_command_writes_store_page_and_manifest(foodviz, sample_folder, tiny_net, monkeypatch):
    done = foodviz("saliency", "--data", sample_folder.name, *tiny_net(32), "--all", "--class", "Rice", "--out", "r")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == "r/saliency-maps"
    page = Path("r/saliency-maps.html").read_text(encoding="utf-8")
    assert page.count("<li ") == 3
    assert page.count("data:image/webp") == 3
    assert len(read(Path("r/saliency-maps"))) == json.loads(Path("r/saliency.json").read_text())["images"] == 3
    monkeypatch.setattr(browse, "MOST_BYTES", 3000)
    again = foodviz("saliency", "--data", "food", *tiny_net(32), "--all", "--class", "Rice", "--out", "r")
    assert again.exit_code == 0, again.stderr
    assert len(Path("r/saliency-maps.html").read_text(encoding="utf-8")) < len(page)


def test_the_page_escapes_what_it_shows_and_runs_its_own_script_alone():
    picture = np.random.default_rng(0).uniform(size=(3, 40, 60)).astype(np.float32)
    uri = thumbnail(picture, picture[0] - 0.5)
    evil = "<script>alert(1)</script>\x1b"
    html = browse_page(evil, [evil], [{"uri": uri, "words": [evil], "least": 0.5}], {"least": evil})
    assert "<script>alert" not in html
    assert "\x1b" not in html
    assert html.count("<script") == 1
    assert unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]).startswith("default-src 'none';")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert not re.findall(r"\bstyle=|\bon\w+=|https?://", html)
