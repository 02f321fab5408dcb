"""Methods compared on many pictures: the figures are those of a slow rewrite, and what follows from them is said."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from trained import bgr, carried

import foodviz
from foodviz import models
from foodviz.analysis.evaluate import USUAL
from foodviz.analysis.evaluate.measures import BASELINES, MEASURES
from foodviz.analysis.evaluate.rows import write_parquet
from foodviz.analysis.evaluate.standings import Standings
from foodviz.analysis.evaluate.words import lines, sentences
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.subject import Subject
from foodviz.data import FOOD11, open_dataset
from foodviz.errors import InputError
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.hidden import cover, grid
from foodviz.methods.randomised import randomised
from foodviz.models import Classifier

IDS = (10, 700, 1500, 2200, 3100)
NAMES = [measure.name for measure in MEASURES]


@pytest.fixture
def subject() -> Subject:
    """The carried net on drawn food of 32 pixels."""
    said: list[str] = []
    net = Classifier(carried(bgr(), "bgr"), FOOD11, (32, 32), bgr=True)
    found = Subject(open_dataset(), lambda _: net, {"data": "sample", "device": "cpu"}, say=said.append)
    vars(found)["said"] = said
    return found


def slow(subject: Subject, index: int) -> dict[str, float]:
    """The figures of one picture's gradient, cell by cell and step by step."""
    split = subject.dataset.split("validation")
    photographs = Photographs.of(subject, split, [index])
    image, model, seed = photographs.images[0], subject.classifier, photographs.seeds[0]
    target = int(model(image[None]).argmax())
    cells = grid((32, 32))
    hidden = cover(model, image, cells, target, "auto", seed).picture

    def probability(shown: set[int]) -> float:
        mask = torch.tensor([[int(cell) in shown for cell in row] for row in cells])
        return float(model(torch.where(mask, image, hidden)[None]).softmax(1)[0, target])

    def map_of(picture, net):
        return input_gradient(net, picture[None], torch.tensor([target]))[0].abs().amax(0).numpy()

    values = map_of(image, model)
    shuffled = torch.randperm(64, generator=torch.Generator().manual_seed(seed)).tolist()
    order = sorted(shuffled, key=lambda cell: -values[(cells == cell).numpy()].astype(float).mean())
    ends = [8 * step for step in range(9)]
    deletion = np.trapezoid([probability(set(order[end:])) for end in ends], np.array(ends) / 64)
    insertion = np.trapezoid([probability(set(order[:end])) for end in ends], np.array(ends) / 64)
    taken = probability(set(order)) - probability(set())
    drawn = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed + 1))
    noisy = (image + 0.02 * drawn).clamp(0, 1)
    _, other = randomised(models.fast(model), (0.01, 0.25), subject.seed)  # its norms are part of the convolutions
    region = photographs.region(0, (32, 32))[1]
    found = {
        "lead": (insertion - deletion) / taken,
        "deletion": deletion,
        "insertion": insertion,
        "pointing": float(region[np.unravel_index(values.argmax(), values.shape)]),
        "on the food": values[region].sum() / values.sum(),
        "same after shuffling": abs(spearmanr(values.ravel(), map_of(image, other).ravel()).statistic),
    }
    if int(model(noisy[None]).argmax()) == target:
        found["stable"] = spearmanr(values.ravel(), map_of(noisy, model).ravel()).statistic
    return found if taken >= 0.2 else {key: each for key, each in found.items() if key not in NAMES[:3]}


@pytest.mark.skipif(not hasattr(np, "trapezoid"), reason="the slow rewrite is of NumPy 2")
def test_figures_are_those_of_a_slow_rewrite(subject):
    result = foodviz.evaluate(subject, ids=IDS, method=["gradient"])
    assert result.arrays["ids"].tolist() == list(IDS)
    columns = result.facts["measures"]
    measured = 0
    for place, index in enumerate(IDS):
        ours = dict(zip(columns, result.arrays["values"][place, 0].tolist(), strict=True))
        theirs = slow(subject, index)
        measured += len(theirs)
        for name in NAMES[:-1]:
            assert ours.get(name, np.nan) == pytest.approx(theirs.get(name, np.nan), abs=2e-3, nan_ok=True), name
    assert measured > 25


def test_baselines_are_the_scale_and_the_mask_is_all_on_the_food(subject):
    result = foodviz.evaluate(subject, ids=IDS, method=["gradient", "gradcam"])
    rows = {row["name"]: row for row in result.facts["rows"]}
    assert list(rows)[2:] == list(BASELINES)
    place = result.facts["measures"].index("on the food")
    assert rows["mask"]["mean"][place] == pytest.approx(1)
    assert rows["chance"]["mean"][place] < rows["gradcam"]["mean"][place]
    assert rows["chance"]["mean"][result.facts["measures"].index("stable")] is None
    figure = result.figures()[""]
    assert figure.axes[0].get_title() == "lead\nmore is better"
    assert len(figure.axes) == len(MEASURES)


def test_company_and_order_do_not_matter(subject, monkeypatch, tmp_path):
    together = foodviz.evaluate(subject, ids=IDS, method=["gradient", "lrp"])
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "other"))
    alone = foodviz.evaluate(subject, ids=IDS[2:0:-1], method=["lrp"])
    rows = [row["name"] for row in together.facts["rows"]]
    ours = together.arrays["values"][[2, 1]][:, [rows.index("lrp"), *range(2, 6)]]
    np.testing.assert_allclose(alone.arrays["values"], ours, atol=1e-4)


def made(values: dict[str, list[float]], **columns: list[float]) -> Standings:
    """Standings of leads by method; the blind baselines have 0.2, and the mask nothing."""
    count = len(next(iter(values.values())))
    every = np.full((count, len(values) + 4, len(MEASURES)), np.nan)
    for row, leads in enumerate(values.values()):
        every[:, row, 0] = leads
    every[:, len(values) : -1, 0] = 0.2
    for name, means in columns.items():
        every[:, : len(values), NAMES.index(name.replace("_", " "))] = means
    return Standings.of(list(values), [name.upper() for name in values], every, seed=0)


def around(mean: float, count: int = 40) -> list[float]:
    return (mean + np.linspace(-0.1, 0.1, count)[:: -1 if mean > 0.5 else 1]).tolist()


def test_the_best_that_beats_the_baselines_is_said_with_what_cannot_be_told_apart():
    standings = made({"worse": around(0.4), "best": around(0.8), "twin": [each + 0.001 for each in around(0.8)[::-1]]})
    assert standings.methods[0] in ("best", "twin")
    assert {standings.methods[row] for row in standings.leading(0)} == {"best", "twin"}
    first = sentences(standings)[0]
    assert first.startswith("Use TWIN on this model: lead 0.80 (95% interval 0.78 to 0.82, 40 pictures), chance alone")
    assert first.endswith("BEST cannot be told apart from it.")
    assert lines(standings)[1].split()[:2] == ["TWIN", "0.80"]


def test_a_method_that_does_not_see_the_weights_is_not_the_one_to_use():
    standings = made({"blind": around(0.9), "good": around(0.7)}, same_after_shuffling=[0.95, 0.1], stable=[0.99, 0.9])
    assert sentences(standings) == [
        "Use GOOD on this model: lead 0.70 (95% interval 0.68 to 0.72, 40 pictures), chance alone 0.20; "
        "no other method comes up to it.",
        "Not BLIND: the maps hardly change with the model's weights, so they do not tell of it.",
    ]


def test_where_none_beats_knowing_nothing_that_is_said():
    standings = made({"one": around(0.2), "two": around(0.1)})
    assert standings.usable == []
    assert sentences(standings)[0].startswith("None of the 2 methods beats what knows nothing of the model")
    few = made({"one": around(0.9, 4)})
    assert few.usable == []  # four pictures prove nothing


def test_nothing_measured_is_said():
    assert "Nothing could be compared" in sentences(made({"one": [np.nan] * 3}, stable=[0.5]))[0]


@pytest.mark.usefixtures("sample_folder")
def test_without_masks_what_needs_them_is_left_out_and_that_is_said(foodviz, tiny_net):
    done = foodviz("evaluate", "--data", "food", *tiny_net(32), "--method", "gradient", "gradcam", "--limit", "4")
    assert done.exit_code == 0, done.stderr
    assert "left out, as no picture has a mask of what it shows: pointing, on the food" in done.stderr
    with Path("results/evaluate.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["method"] for row in rows} >= {"gradient", "gradcam"}
    assert not {row["measure"] for row in rows} & {"pointing", "on the food"}
    with Path("results/evaluate-pictures.csv").open(encoding="utf-8") as stream:
        of_pictures = list(csv.DictReader(stream))
    assert [row["method"] for row in of_pictures].count("edges") == 4
    assert "mask" not in {row["method"] for row in of_pictures}


def test_methods_that_cannot_serve_the_model_are_left_out_unless_they_are_named(vit):
    net = Classifier(vit, tuple("abcde"), (24, 24))
    said: list[str] = []
    subject = Subject(open_dataset(), lambda _: net, {"data": "sample", "device": "cpu"}, say=said.append)
    result = foodviz.evaluate(subject, ids=[3, 5])
    assert 3 <= len(result.facts["method"]) < len(USUAL)
    assert any(line.startswith("left out ") for line in said)
    with pytest.raises(InputError):
        foodviz.evaluate(subject, ids=[3], method=[next(name for name in USUAL if name not in result.facts["method"])])


def test_a_picture_that_cannot_be_read_is_left_out(foodviz, sample_folder, tiny_net):
    names = sorted(path.name for path in (sample_folder / "validation").iterdir())
    (sample_folder / "validation" / names[0]).write_bytes(b"no picture")
    done = foodviz("evaluate", "--data", "food", *tiny_net(32), "--ids", "0", "1", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["images"] == 1
    assert f"validation/{names[0]}" in done.stderr


def test_parquet_holds_the_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(tmp_path / "rows.parquet", [["id", "lead"], [3, 0.5], [4, None]])
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == [
        {"id": 3, "lead": 0.5},
        {"id": 4, "lead": None},
    ]


@pytest.mark.usefixtures("sample_folder")
def test_two_processes_of_torchrun_give_the_table_of_one(foodviz, tiny_net, monkeypatch, tmp_path):
    flags = ["evaluate", "--data", "food", *tiny_net(32), "--method", "gradient", "--limit", "20"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "foodviz"]
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "other"))
    two = subprocess.run(
        [*launch, *flags, "--out", "two"], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert two.returncode == 0, two.stderr
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "third"))
    torch.set_num_threads(1)
    assert foodviz(*flags, "--out", "one").exit_code == 0
    for name in ("evaluate.csv", "evaluate-pictures.csv"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
    facts = [json.loads(Path(out, "evaluate.json").read_text(encoding="utf-8")) for out in ("one", "two")]
    assert facts[0]["rows"] == facts[1]["rows"]
    assert two.stdout.count("evaluate.csv") == 1  # the first process alone speaks
