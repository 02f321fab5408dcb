"""`foodviz lime`: what it writes, what it refuses, and its figures as objects."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image

from foodviz import devices
from foodviz.attribution import Attribution
from foodviz.data import FOOD11
from foodviz.methods.lime.class_summary import Property, class_summary
from foodviz.methods.lime.superpixels import describe
from foodviz.models import architectures
from foodviz.models.classifier import Classifier
from foodviz.models.files.own_format import save
from foodviz.render.lime import lime_figure
from foodviz.render.lime_class import Difference, MontagePiece, lime_class_figure

NET = """
from torch import nn

def tiny(classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(3),
        nn.Flatten(), nn.Linear(72, classes),
    )
"""
Command = Callable[..., Result]


@pytest.fixture
def lime(tmp_path: Path, foodviz: Command) -> Command:
    """`foodviz lime` on a tiny net for 32x32 pictures."""
    (tmp_path / "net.py").write_text(NET)
    arch = f"{tmp_path / 'net.py'}:tiny"
    torch.manual_seed(0)
    network = architectures.build(arch, len(FOOD11))
    save(tmp_path / "tiny.safetensors", Classifier(network, FOOD11, (32, 32)), arch, {}, [])
    return lambda *arguments: foodviz("lime", "--model", "tiny.safetensors", "--arch", "net.py:tiny", *arguments)


def arrays(folder: str) -> dict[str, np.ndarray]:
    with np.load(Path(folder) / "lime.npz") as content:
        return dict(content)


def manifest(folder: str) -> dict[str, object]:
    told: dict[str, object] = json.loads((Path(folder) / "lime.json").read_text())
    return told


def test_the_reports_four_without_an_argument(lime: Command) -> None:
    done = lime()
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[:3] == ["results/lime.png", "results/lime.npz", "results/lime.json"]
    assert [line.split()[0] for line in done.stdout.splitlines()[3:7]] == ["57", "3207", "4707", "3784"]
    explained = manifest("results")["explained"]
    assert [each["picture"] for each in explained] == ["57", "3207", "4707", "3784"]
    assert [each["targets"][0]["class"] for each in explained] == ["Bread", "Dessert", "Fried food", "Egg"]
    found = arrays("results")
    for each in explained:
        key, pieces = each["picture"], each["superpixels"]
        assert found[f"weights_{key}"].shape == found[f"stability_{key}"].shape == (1, pieces)
        assert found[f"shown_{key}"].shape == (each["samples"], pieces)
        assert found[f"segments_{key}"].shape == (32, 32)


def test_four_at_once_are_four_single_runs_in_any_order(lime: Command) -> None:
    four = ("57", "3207", "4707", "3784")
    for ids in (four, four[::-1], *[(each,) for each in four]):
        assert lime("--ids", *ids, "--out", "-".join(ids)).exit_code == 0
    together = arrays("-".join(four))
    for other in (four[::-1], *[(each,) for each in four]):
        for name, values in arrays("-".join(other)).items():
            assert values.tobytes() == together[name].tobytes(), name


def test_a_second_run_writes_the_same_bytes(lime: Command) -> None:
    for _ in range(2):
        assert lime("--ids", "57", "--samples", "60").exit_code == 0
        picture = Path("results/lime.png").read_bytes()
        Path("results/lime.png").rename("before.png")
    assert Path("before.png").read_bytes() == picture


def test_the_package_itself_gives_the_same_picture(foodviz: Command, exact_net: tuple[str, ...]) -> None:
    flags = (*exact_net, "--ids", "57", "3207", "--samples", "150", "--target", "Soup", "predicted")
    assert foodviz("lime", *flags, "--design", "random").exit_code == 0
    assert foodviz("lime", *flags, "--engine", "lime", "--out", "reference").exit_code == 0
    ours, theirs = arrays("results"), arrays("reference")
    for name in ("weights_57", "weights_3207", "intercepts_57", "fits_3207"):
        scale = np.abs(theirs[name]).max()
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-5 * scale)
    np.testing.assert_array_equal(ours["shown_57"], theirs["shown_57"])


def test_settings_change_the_answer_and_are_told(lime: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda _: True)
    assert lime("--ids", "57", "--samples", "60").exit_code == 0
    plain = arrays("results")
    for flags in (
        ["--hide", "blur"],
        ["--hide", "#102030"],
        ["--output", "probabilities"],
        ["--kernel-width", "0.5"],
        ["--segments", "30", "--compactness", "10", "--sigma", "0.5"],
        ["--segmenter", "quickshift", "--kernel-size", "2", "--max-distance", "5", "--ratio", "0.5"],
        ["--segmenter", "felzenszwalb", "--scale", "5", "--min-size", "10"],
        ["--precision", "bf16"],
        ["--seed", "1"],
        ["--design", "antithetic"],
    ):
        assert lime("--ids", "57", "--samples", "60", "--both-signs", "--out", "other", *flags).exit_code == 0
        changed = arrays("other")["weights_57"]
        assert changed.shape != plain["weights_57"].shape or not np.array_equal(changed, plain["weights_57"]), flags
        settings = manifest("other")["settings"]
        assert str(settings[flags[0][2:].replace("-", "_")]) == flags[1]


def test_a_picture_without_a_label_is_explained_for_its_prediction(lime: Command, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "black.png")
    done = lime("--image", "black.png", "--samples", "40", "--hide", "mean")
    assert done.exit_code == 0, done.stderr
    assert "1 of 1 pictures have no label: prediction explained" in done.stderr
    found = arrays("results")
    assert found["targets_image0"].tolist() == [found["logits_image0"].argmax()]
    for values in found.values():
        assert np.isfinite(values).all()
    np.testing.assert_allclose(found["weights_image0"], 0, atol=1e-5)


def test_one_superpixel_is_a_right_picture(lime: Command) -> None:
    assert lime("--ids", "57", "--segments", "1").exit_code == 0
    found = arrays("results")
    assert found["weights_57"].shape == (1, 1)
    assert np.isfinite(found["weights_57"]).all()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--segments", "0"], "error: --segments 0: must be from 1 to 2000"),
        (["--segmenter", "quickshift", "--segments", "50"], "error: --segments: quickshift does not have it"),
        (["--target", "Pizza"], "error: --target Pizza: no such class"),
        (["--class", "Pizza"], "error: --class Pizza: no such class"),
        (["--samples", "few"], "error: --samples few: must be auto or a number"),
        (["--samples", "3"], "error: --samples 3: must be auto or a number of at least 10"),
        (["--hide", "nothing"], "error: --hide nothing: must be auto, mean, blur, grey, picture, noise, or a colour"),
        (
            ["--engine", "lime", "--design", "balanced"],
            "error: --design balanced: the lime package draws random samples",
        ),
        (["--ids", "99999"], "error: --ids 99999"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(lime: Command, flags: list[str], line: str) -> None:
    done = lime(*flags)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(line)
    assert not Path("results").exists() or not any(Path("results").iterdir())


def test_a_class_summed_up(lime: Command) -> None:
    done = lime("--class", "Rice", "--limit", "4", "--samples", "100")
    assert done.exit_code == 0, done.stderr
    told = manifest("results")
    assert told["class"] == "Rice"
    assert len(told["properties"]) == 7
    assert "times as densely as elsewhere" in told["sentences"][1]
    for claim in told["claims"]:
        assert (f"{claim['word']} (" in told["sentences"][0]) == claim["clear"]
    assert all(picture["label"] == "Rice" for picture in told["pictures"])
    found = arrays("results")
    assert found["properties"].shape == (7, 2, 4)
    assert found["colours"].shape == (4, 2, 3)
    assert found["place"].mean() == pytest.approx(1, rel=1e-6)
    assert lime("--class", "Rice", "--ids", "57").exit_code == 2


def test_a_class_without_labelled_pictures(lime: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "testing"
    folder.mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(folder / "0001.jpg")
    done = lime("--data", "mine", "--split", "testing", "--class", "Rice")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("error: --class Rice: ")


def figure_of(weights: list[list[float]], stable: list[list[bool]], **look: bool) -> Figure:
    """Of grey photographs, cut into four squares; the first and the last are cut out."""
    count = len(weights)
    segments = np.arange(4).reshape(2, 2).repeat(8, 0).repeat(8, 1)
    painted = torch.tensor(weights, dtype=torch.float64)[:, segments]
    attribution = Attribution(painted, "logits per superpixel", stable=torch.tensor(stable)[:, segments])
    images = np.full((count, 3, 16, 16), 0.5, np.float32)
    captions = ["57  0_15.jpg"] * count, ["Rice 90%"] * count
    cut_outs = [[0, 3]] * count
    cut = np.stack([segments] * count)
    return lime_figure(images, cut, captions[0], attribution, range(count), captions[1], cut_outs, title="LIME", **look)


def test_the_figure_shows_weights_symmetric_about_zero_and_hatches_the_unstable() -> None:
    weights = [[2, -1, 0.5, -0.2], [4, 0, 0, -1]]
    stable = [[True, True, False, True], [True] * 4]
    figure = figure_of(weights, stable)
    panels = [axes for axes in figure.axes if axes.get_images()]
    assert len(panels) == 8
    assert panels[0].get_title() == "57  0_15.jpg"
    assert panels[1].get_title() == "4 superpixels"
    assert panels[2].get_title() == "Rice 90%"
    np.testing.assert_array_equal(panels[2].get_images()[0].get_array()[0, ::8], [2, -1])
    assert panels[2].get_images()[0].get_clim() == (-2, 2)
    assert panels[6].get_images()[0].get_clim() == (-4, 4)
    assert panels[3].get_title() == "the strongest for it (red),\n1 against (blue)"
    hatched, plain = (
        [lines for lines in axes.collections if isinstance(lines, LineCollection)][-1].get_segments()
        for axes in (panels[2], panels[6])
    )
    ends = np.concatenate(hatched)
    assert (ends[:, 0] < 8).all()  # only the lower left quarter is unstable
    assert (ends[:, 1] > 7).all()
    assert not plain
    shared = figure_of(weights, stable, shared_scale=True)
    assert {axes.get_images()[0].get_clim() for axes in shared.axes if axes.get_images()} >= {(-4.0, 4.0)}


def test_white_pieces_in_the_middle_of_dark_ones_are_said_to_be_that() -> None:
    images = [torch.rand(3, 30, 30, generator=torch.Generator().manual_seed(seed)) * 0.3 for seed in range(8)]
    segments = np.arange(9).reshape(3, 3).repeat(10, 0).repeat(10, 1)
    mask = segments == 4
    for image in images:
        image[:, 10:20, 10:20] += 0.7
    pieces = [describe(image, torch.from_numpy(segments), mask) for image in images]
    weights = np.where(np.arange(9) == 4, 2.0, -0.1)
    summary = class_summary([segments] * 8, [weights] * 8, pieces)
    assert {"lighter", "nearer the centre"} <= {each.word for each in summary.clear}
    first, second = summary.sentences({"lighter": "half as bright it falls", "nearer the centre": "shifted it falls"})
    assert "lighter (0.85 against 0.15, in 8 of 8; half as bright it falls)" in first
    assert "nearer the centre (0.00 against 0.40, in 8 of 8; shifted it falls)" in first
    assert second.startswith("100% of the positive weight lies on the object, which covers 11%")
    assert "nearer" not in summary.sentences({"lighter": "half as bright it falls"})[0]
    untrue = summary.sentences({})[0]
    assert untrue.startswith("What sets the pieces that speak for it apart had no effect when it was taken away: ")
    assert "lighter" in untrue
    np.testing.assert_allclose(summary.place, np.where(mask, 9, 0))


def test_a_difference_that_does_not_scatter_has_no_effect_size() -> None:
    same = Property("lightness", np.full(3, 0.5), np.full(3, 0.5))
    assert same.effect == 0
    assert same.agreeing == 0


def test_the_class_figure_has_a_panel_for_each_piece_and_three_below() -> None:
    inside = np.zeros((20, 20), bool)
    inside[:4, 15:] = True
    montage = [MontagePiece(np.full((3, 20, 20), 0.4, np.float32), inside, f"{index}") for index in range(11)]
    differences = [Difference("lightness", 0.8, 0.5, 1.2, 10), Difference("saturation", 0.1, 0.5, -2, 11)]
    figure = lime_class_figure(montage, np.full((11, 2, 3), 0.5), np.ones((20, 20)), differences, title="Rice")
    titles = [axes.get_title() for axes in figure.axes]
    assert [title for title in titles if title.isdecimal()] == [str(index) for index in range(11)]
    assert titles.count("") == 9 + 1  # the empty places of the montage, and the colour bar
    assert all(not axes.get_xticks().size for axes in figure.axes[:20])  # empty places show nothing
    assert {"mean colour", "where positive weight lies", "what speaks for it, against the rest"} <= set(titles)
