"""What a command writes is whole or not there."""

import io
import json
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from foodviz.analysis.result import OnDemand, Result
from foodviz.errors import InputError
from foodviz.results import ResultFolder, npz_bytes, write_atomically


def test_raw_values_are_no_pickles_and_nothing_else_is_among_them():
    assert np.load(io.BytesIO(npz_bytes({"maps": np.arange(3)}))).files == ["maps"]
    with pytest.raises(ValueError, match="no raw values: names"):
        npz_bytes({"maps": np.arange(3), "names": np.array(["a", None])})


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted(temporary):
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_picture_says_how_it_was_made_and_the_manifest_comes_last(tmp_path):
    results = ResultFolder(tmp_path / "out", "lime", "foodviz lime --ids 57")
    figure = Figure(figsize=(1, 1))
    results.figure(figure, dpi=50)
    results.figure(figure, dpi=50, name="more")
    results.arrays({"weights": np.arange(3)})
    results.manifest({"seed": 0})
    assert [path.name for path in results.paths] == ["lime.png", "lime-more.png", "lime.npz", "lime.json"]
    assert Image.open(tmp_path / "out" / "lime.png").text["Description"] == "foodviz lime --ids 57"
    assert np.load(tmp_path / "out" / "lime.npz")["weights"].tolist() == [0, 1, 2]
    assert json.loads((tmp_path / "out" / "lime.json").read_text())["command_line"] == "foodviz lime --ids 57"


@pytest.mark.parametrize(("size", "dpi"), [((3, 2), 50), ((1000, 1), 65), ((200, 200), 57)])
def test_a_figure_is_never_larger_than_other_programs_open(tmp_path, monkeypatch, size, dpi):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda _figure, _path, **settings: drawn.append(settings["dpi"]))
    folder = ResultFolder(tmp_path, "layers", "")
    folder.figure(Figure(size), dpi=dpi if size == (3, 2) else 600)
    assert drawn == [dpi]
    assert [str(dpi) in remark for remark in folder.remarks] == ([] if size == (3, 2) else [True])


def test_a_second_run_replaces_its_own_files_only(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    for seed in (0, 1):
        ResultFolder(tmp_path, "lime", "").manifest({"seed": seed})
    assert json.loads((tmp_path / "lime.json").read_text())["seed"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lime.json", "mine.txt"]


def test_a_place_that_cannot_be_written_to_is_named_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file, not a folder"):
        ResultFolder(tmp_path / "file" / "out", "lime", "").check()
    ResultFolder(tmp_path / "new" / "deep", "lime", "").check()
    assert not (tmp_path / "new").exists()


def test_every_saved_figure_says_what_is_doubtful_about_the_model_and_each_is_drawn_when_its_turn_comes(
    tmp_path, monkeypatch
):
    turns, saved = [], []

    def page(name):
        turns.append(f"draw {name}")
        figure = Figure(figsize=(6, 2))
        figure.supxlabel("its own note")
        return figure

    def keep(_folder, figure, *, name, **_settings):
        turns.append(f"save {name}")
        saved.append(figure.get_supxlabel())

    monkeypatch.setattr(ResultFolder, "figure", keep)
    facts = {"model": {"remarks": ["Architecture guessed; 3 other readings fit as well."]}}
    draw = OnDemand({name: partial(page, name) for name in ("", "page-2")})
    result = Result("saliency", {}, {}, facts, draw=lambda: draw)
    result.save(tmp_path / "out")
    assert turns == ["draw ", "save ", "draw page-2", "save page-2"]
    assert all(text.startswith("its own note\nArchitecture guessed; 3 other readings fit as well.") for text in saved)
    assert [figure.get_supxlabel() for figure in result.figures().values()] == saved
