"""`foodviz filters` and `foodviz activations`, with a net small enough to run in a moment."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from foodviz.analysis.filters import scan, statistics
from foodviz.metrics.filters import Scan
from foodviz.render.activations import activations_figure
from foodviz.render.filters import Card, Drawing, cards_figure, pictures_figure, similarity_figure

QUICK = ("--scan", "24", "--steps", "3", "--statistics", "imagenet")


@pytest.fixture
def tool(foodviz, tiny_net) -> Callable:
    """Runs a command with a tiny net for 32x32 pictures."""
    model = (*tiny_net(32), "--device", "cpu")

    def run(command: str, *arguments: str, layer: str = "4"):
        return foodviz(command, *model, *(("--layer", layer) if layer else ()), *arguments)

    return run


def saved(command="filters", folder="results"):
    with np.load(f"{folder}/{command}.npz") as content:
        return dict(content)


def test_cards(tool, tmp_path):
    result = tool("filters", "--filters", "1", "2", "--similar", "--every", "2", *QUICK)
    assert result.exit_code == 0, result.stderr
    for name in ("filters.png", "filters-similar.png", "filters-steps.png", "filters.npz"):
        assert (tmp_path / "results" / name).exists()
    facts = json.loads((tmp_path / "results/filters.json").read_text())
    assert facts["layer_name"] == "cnn.4"
    assert len(facts["scan"]["filters"]["1"]["correlations"]) == 17
    assert facts["scan"]["dead_in_layer"] == [3]
    assert facts["scan"]["filters"]["2"]["top"][0].startswith("training/")
    assert f"filter 1: {facts['scan']['filters']['1']['says']}" in result.stdout
    assert facts["similar"]["nearest"][:2] == [1, 2]
    assert "most opposite: 1 and 2" in result.stdout
    arrays = saved()
    assert arrays["pictures"].shape == (2, 1, 3, 32, 32)
    assert arrays["maps"].shape == (4, 2, 8, 8)
    assert arrays["crops"].shape[:3] == (2, 9, 3)
    assert arrays["correlations"].shape == (8, 17)
    assert arrays["frames"].shape[:2] == (2, 2)
    assert tool("filters", "--filters", "1", "2", *QUICK).exit_code == 0
    assert np.array_equal(saved()["pictures"], arrays["pictures"])
    assert np.array_equal(saved()["crop_ids"], arrays["crop_ids"])


def test_without_filters_the_most_selective(tool, tmp_path):
    result = tool("filters", "--only", "picture", "--quiet", *QUICK)
    assert (result.exit_code, result.stdout) == (0, "")
    chosen = json.loads((tmp_path / "results/filters.json").read_text())["filters"]
    assert len(chosen) == 5
    assert 3 not in chosen


def test_a_filter_is_the_same_in_any_company(foodviz, exact_net):
    for recipe in ("fourier", "maco", "pixel"):
        common = ("--only", "picture", "--recipe", recipe, "--steps", "4", "--statistics", "imagenet")
        common += (*exact_net, "--layer", "2", "--device", "cpu")
        assert foodviz("filters", "--filters", "0", "5", "2", *common).exit_code == 0
        together = saved()["pictures"][2]
        assert foodviz("filters", "--filters", "2", *common).exit_code == 0
        np.testing.assert_allclose(saved()["pictures"][0], together, atol=1e-4)


def test_a_dead_filter_is_named_with_advice(tool, tmp_path):
    result = tool("filters", "--filters", "3", "1", *QUICK, layer="5")
    assert result.exit_code == 0, result.stderr
    assert "filter 3 is dead" in result.stderr
    assert "--layer cnn.4" in result.stderr
    assert "of 8 filters are alive, such as 1 2" in result.stderr
    assert "filter 3: dead" in result.stdout
    assert json.loads((tmp_path / "results/filters.json").read_text())["dead"] == [3]
    assert tool("filters", "--filters", "3", "--only", "picture", "--steps", "2", layer="5").stderr.count("dead") == 1


@pytest.mark.parametrize(
    "flags",
    [
        ("--class", "Egg", "3", "soup"),
        ("--all", "--recipe", "maco"),
        ("--filters", "1", "--objective", "diversity", "--pictures", "3", "--only", "picture"),
        ("--filters", "1", "--objective", "neuron", "--only", "picture"),
        ("--filters", "1", "--recipe", "pixel", "--start", "image", "--optimizer", "sgd", "--only", "picture"),
        ("--filters", "1", "--recipe", "pixel", "--start", "grey", "--weight-decay", "0", "--only", "picture"),
    ],
)
def test_other_pictures(tool, flags):
    layer = "" if "--class" in flags else "4"
    result = tool("filters", "--steps", "2", "--statistics", "imagenet", *flags, layer=layer)
    assert result.exit_code == 0, result.stderr
    expected = {"--class": (3, 1), "--all": (8, 1)}.get(flags[0], (1, 3 if "diversity" in flags else 1))
    assert saved()["pictures"].shape[:2] == expected


def test_colours_are_fitted_to_the_data_once(tool, monkeypatch):
    monkeypatch.setattr(statistics, "FITTED", 12)
    common = ("--filters", "1", "--only", "picture", "--steps", "2")
    assert tool("filters", *common).exit_code == 0
    first = saved()["pictures"]
    monkeypatch.setattr("foodviz.data.batch.batches", None)  # the second time nothing is read
    assert tool("filters", *common).exit_code == 0
    assert np.array_equal(first, saved()["pictures"])


def test_a_killed_scan_goes_on(tool, monkeypatch):
    monkeypatch.setattr(scan, "BATCH", 4)
    monkeypatch.setattr(scan, "BATCHES", 1)
    real, seen, dies = Scan.add, [], [True]

    def dying(self, images, maps, labels, ids):
        if len(seen) == 12 and dies:
            dies.clear()
            raise KeyboardInterrupt
        seen.extend(ids)
        real(self, images, maps, labels, ids)

    monkeypatch.setattr(Scan, "add", dying)
    flags = ("--filters", "1", "--scan", "22", "--steps", "1", "--statistics", "imagenet", "--seed", "5")
    assert tool("filters", *flags).exit_code == 130
    assert tool("filters", *flags).exit_code == 0
    assert len(seen) == len(set(seen)) == 22
    resumed = saved()
    monkeypatch.setenv("FOODVIZ_CACHE", "fresh")
    assert tool("filters", *flags).exit_code == 0
    for name in ("correlations", "similarity", "crops", "class_means"):
        np.testing.assert_array_equal(resumed[name], saved()[name])


@pytest.mark.parametrize("command", ["filters", "activations"])
@pytest.mark.parametrize(
    ("flags", "layer", "line"),
    [
        (("--filters", "999"), "4", "--filters 999: layer 4 = cnn.4 Conv2d, 8 channels, 8x8 has the channels 0 to 7"),
        (("--filters", "1"), "99", "--layer 99: cnn has the layers 0 to 6"),
        (("--filters", "1"), "fc", "fc is a Linear without maps; the nearest convolution is --layer cnn.4"),
    ],
)
def test_bad_layers_and_filters(tool, tmp_path, command, flags, layer, line):
    result = tool(command, *flags, layer=layer)
    assert result.exit_code == 1
    assert line in result.stderr.splitlines()[-1]
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--every", "9", "--steps", "3"), 1, "--every 9 is larger than --steps 3"),
        (("--scan", "some"), 1, "--scan some: give a number of pictures from 2 on, or all"),
        (("--scan", "9" * 5000), 1, "give a number of pictures from 2 on, or all"),
        (("--lr", "nan"), 1, "--lr nan: give a number above 0, at most 1e+06"),
        (("--lr", "1e38"), 1, "--lr 1e+38: give a number above 0, at most 1e+06"),
        (("--weight-decay", "nan"), 1, "--weight-decay nan: is a share, from 0 to 1"),
        (("--steps", str(10**12)), 1, f"--steps {10**12}: give from 1 to 100000"),
        (
            ("--filters", *map(str, range(101))),
            1,
            "--filters: 100 at most have cards, 101 are asked for; --only picture",
        ),
        (("--class", "Pizza"), 1, "--class Pizza: no such class"),
        (("--class", "Egg", "--filters", "1"), 2, "--class draws logits"),
        (("--class", "Egg", "--objective", "neuron"), 1, "--objective neuron"),
        (("--all", "--filters", "1"), 2, "--all and --filters exclude each other"),
        (("--filters", "1", "--similar", "--only", "picture", *QUICK), 1, "--similar: give at least two filters"),
    ],
)
def test_bad_flags(tool, flags, code, line):
    result = tool("filters", *flags)
    assert result.exit_code == code
    assert line in result.stderr


def test_activations_are_the_raw_maps(tool, tmp_path):
    result = tool("activations", "--filters", "5", "0", "--ids", "57", "3207", layer="1")
    assert result.exit_code == 0, result.stderr
    arrays = saved("activations")
    scope: dict = {}
    exec(Path("net.py").read_text(), scope)
    net = scope["Net"](11)
    net.load_state_dict(torch.load("net.pth", weights_only=True))
    with torch.inference_mode():
        expected = net.eval().cnn[:2](torch.from_numpy(arrays["images"]))[:, [5, 0]]
    np.testing.assert_allclose(arrays["maps"], expected.numpy(), atol=1e-5)
    facts = json.loads((tmp_path / "results/activations.json").read_text())
    assert facts["signed"]
    assert facts["filters"] == [5, 0]
    assert tool("activations", "--ids", "3207", "--overlay", layer="5").exit_code == 0
    alone = saved("activations")
    assert alone["filters"].tolist() == [0, 1, 3, 5, 7]
    assert not json.loads((tmp_path / "results/activations.json").read_text())["signed"]


def test_maps_of_a_filter_share_one_range():
    maps = np.random.default_rng(0).normal(size=(3, 2, 4, 4))
    maps[:, 1] = np.abs(maps[:, 1])
    for overlay in (False, True):
        figure = activations_figure(np.zeros((3, 3, 8, 8)), maps, "abc", [7, 9], title="t", overlay=overlay)
        grid = [axes for axes in figure.axes if axes.images]
        assert [axes.get_title() for axes in grid[:3]] == ["a", "b", "c"]
        for row, (low, high) in enumerate(
            [(-np.abs(maps[:, 0]).max(), np.abs(maps[:, 0]).max()), (0, maps[:, 1].max())]
        ):
            shown = [axes.images[-1] for axes in grid if axes.get_title().startswith("max")][3 * row : 3 * row + 3]
            assert {image.get_clim() for image in shown} == {(low, high)}
            np.testing.assert_array_equal(shown[2].get_array(), maps[2, row])


def test_figures_of_filters():
    drawing = Drawing(np.zeros((1, 3, 8, 8)), "drawn for one cell", "largest cell 3.6", False)
    card = Card(
        25, "edges r=0.61", ("selectivity 0.10",), "", "", [drawing], -np.ones((2, 4, 4)),
        np.zeros((9, 3, 5, 5)), ["57 Bread"] * 9, [3.5] * 9, np.array([0.5, -0.5, np.nan]),
    )  # fmt: skip
    dead = replace(card, number=26, sentence="dead", advice="nothing changes it")
    figure = cards_figure([card, dead], np.zeros((2, 3, 8, 8)), "ab", ["x", "y", "z"], title="t", notes=["n", ""])
    texts = [text.get_text() for text in figure.texts]
    assert {"filter 25", "edges r=0.61", "nothing changes it", "n"} <= set(texts)
    assert len([axes for axes in figure.axes if axes.patches]) == 2  # the bars
    places = {text.get_text(): text.get_position()[0] for text in figure.texts}
    assert places["drawn for one cell"] < places["photographs that excite it most"]
    doubtful = replace(card, warning="another way", drawings=[replace(drawing, doubtful=True)])
    places = {
        text.get_text(): text.get_position()[0]
        for text in cards_figure([doubtful], np.zeros((2, 3, 8, 8)), "ab", ["x", "y", "z"], title="t").texts
    }
    assert places["photographs that excite it most"] < places["drawn for one cell"]
    assert "another way" in places
    sheet = pictures_figure(np.zeros((7, 4, 3, 8, 8)), [str(i) for i in range(7)], [False] * 6 + [True], title="t")
    assert sum(bool(axes.images) for axes in sheet.axes) == 6
    matrix = similarity_figure(np.eye(3), [4, 5, 6], title="t", notes=[])
    assert matrix.axes[0].images[0].get_clim() == (-1, 1)
