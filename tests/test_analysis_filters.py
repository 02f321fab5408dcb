"""`analysis.filters` as a notebook has it: a call, values, sentences, pictures; no command line."""

import inspect
import json
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from foodviz import models
from foodviz.analysis import filters, open_subject
from foodviz.analysis.filters import ascent, evidence
from foodviz.analysis.typed import typed
from foodviz.cli.filters import filters as command
from foodviz.errors import InputError, UsageError
from foodviz.methods.feature_maps import feature_maps
from foodviz.metrics.paths import VERDICTS
from foodviz.render import sentences

QUICK = {"layer": "4", "scan": 24, "steps": 3, "statistics": "imagenet"}


@pytest.fixture
def subject(tiny_net, tmp_path, monkeypatch):
    """A tiny net for 32x32 pictures and the embedded data; what it says is in `heard`."""
    monkeypatch.chdir(tmp_path)
    _, model, _, arch, _, side = tiny_net(32)
    return open_subject(model=model, arch=arch, input_size=int(side), device="cpu", say=lambda _: None)


def test_the_function_takes_what_the_command_takes():
    own = {name: each.default for name, each in inspect.signature(filters).parameters.items() if name != "subject"}
    flags = command.make_context("filters", []).params
    assert own == {name: flags[name] for name in own}


def test_cards_as_values_sentences_and_views(subject):
    result = filters(subject, filters=[1, 2], similar=True, every=2, **QUICK)
    figures = result.figures()
    assert set(figures) == {"", "steps", "similar"}
    assert any(text.get_text().startswith("Drawn by fourier: the spectrum climbs") for text in figures[""].texts)
    measured = result.facts["scan"]["filters"]["1"]
    assert result.sentences[0].startswith(f"Filter 1 {measured['says']}; ")
    assert measured["says"] == sentences.answers(measured["claims"])
    assert all(claim["low"] <= claim["mean"] <= claim["high"] for claim in measured["claims"])
    assert result.sentences[2].startswith("Filters 1 and 2 are ")
    assert len(result.sentences) == 4
    first = result.views()["cards"][0]
    assert first["number"] == 1
    assert first["says"] == measured["says"]
    assert [crop["name"] for crop in first["crops"]] == measured["top"]
    assert [crop["peak"] for crop in first["crops"]] == pytest.approx(measured["largest_cells"], abs=1e-4)
    assert [drawing["title"] for drawing in first["drawings"]] == ["drawn for the whole map", "drawn for one cell"]
    assert len(first["means"]) == 11
    assert f"filter 1: {measured['says']}" in result.lines
    json.dumps([result.settings, result.facts, result.views()])
    again = filters(subject, **typed(filters, json.loads(json.dumps(result.settings))))
    for name, values in result.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name])


def test_what_is_drawn_and_the_photographs_are_measured_alike(subject):
    """Largest cells against the maps themselves, food and classes against the split's own."""
    result = filters(subject, filters=[2, 1], objective="diversity", pictures=2, **QUICK)
    split, arrays = subject.split(), result.arrays
    layer = models.layer_with_maps(subject.classifier, "4").module
    for row, number in enumerate((2, 1)):
        measured = result.facts["scan"]["filters"][str(number)]
        maps = feature_maps(subject.classifier, layer, torch.from_numpy(arrays["pictures"][row]))[:, number]
        assert arrays["drawn_peaks"][row, :2] == pytest.approx(maps.amax((1, 2)).numpy(), abs=1e-4)
        assert arrays["drawn_means"][row, :2] == pytest.approx(maps.mean((1, 2)).numpy(), abs=1e-4)
        ids = arrays["crop_ids"][row].tolist()
        maps = feature_maps(subject.classifier, layer, subject.read(split, ids).images)[:, number]
        assert arrays["crop_peaks"][row] == pytest.approx(maps.amax((1, 2)).numpy(), abs=1e-4)
        assert [len(each["way"]) for each in measured["drawn"]] == [2, 1]
        assert {way for each in measured["drawn"] for way in each["way"]} <= set(VERDICTS)
        counts = Counter(split.class_names[split.labels[index]] for index in ids)
        assert measured["classes"] == counts
        on_food = 0
        for index, values in zip(ids, maps, strict=True):
            y, x = divmod(int(values.argmax()), 8)
            mask = split.mask(index)
            on_food += bool(mask[int((y + 0.5) / 8 * len(mask)), int((x + 0.5) / 8 * len(mask[0]))])
        assert measured["on_food"] == on_food
    assert arrays["cells"].shape[:3] == (2, 1, 3)
    first = filters(subject, layer="1", filters=[0], scan=24, steps=1, statistics="imagenet")
    assert [each["way"] for each in first.facts["scan"]["filters"]["0"]["drawn"]] == [[], []]  # nothing is before it


def test_facts_of_filters_do_not_depend_on_their_company(subject, monkeypatch):
    together = filters(subject, filters=[0, 2, 5], **QUICK)
    monkeypatch.setattr(evidence, "_TOGETHER", 1)
    alone = filters(subject, filters=[0, 2, 5], **QUICK)
    assert together.facts["scan"] == alone.facts["scan"]
    for name, values in together.arrays.items():
        np.testing.assert_allclose(values, alone.arrays[name], atol=1e-5)


def test_of_picture_files_the_scan_is_of_the_split(subject, tmp_path):
    for number in range(2):
        Image.new("RGB", (40, 30), (200, 90 * number, 10)).save(tmp_path / f"{number}.png")
    files = open_subject(
        **{key: subject.settings[key] for key in ("model", "arch", "input_size", "device")},
        rated=False,
        say=lambda _: None,
    )
    result = filters(files, image=["0.png", "1.png"], filters=[1], **QUICK)
    assert result.arrays["maps"].shape[:2] == (2, 1)
    assert [picture["file"] for picture in result.facts["pictures"]] == ["0.png", "1.png"]
    assert result.facts["data"]["split"] == "training"
    assert all(
        name.startswith("training/") and name.endswith(")") for name in result.facts["scan"]["filters"]["1"]["top"]
    )
    of_split = filters(subject, filters=[1], **QUICK)
    for name in ("crops", "crop_ids", "class_means", "correlations"):
        np.testing.assert_array_equal(result.arrays[name], of_split.arrays[name])
    assert "data" not in filters(files, image=["0.png"], filters=[1], only="picture", **QUICK).facts


def test_classes_and_sheets_have_no_cards(subject):
    logits = filters(subject, classes=["Egg", "4"], steps=2, statistics="imagenet")
    assert logits.facts["classes"] == ["Egg", "Fried food"]
    assert logits.facts["climbed"] == "logit"
    assert not logits.views()
    assert not logits.sentences
    sheet = filters(subject, layer="4", all_=True, steps=1, statistics="imagenet")
    assert sheet.arrays["pictures"].shape[:2] == (8, 1)
    assert not sheet.views()
    assert set(sheet.figures()) == {""}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"lr": float("nan")}, "`lr` nan: give a number above 0, at most 1e+06"),
        ({"lr": float("inf")}, "`lr` inf: give a number above 0"),
        ({"lr": 0}, "`lr` 0: give a number above 0"),
        ({"lr": -1.0}, "`lr` -1.0: give a number above 0"),
        ({"weight_decay": float("nan")}, "`weight_decay` nan: is a share, from 0 to 1"),
        ({"weight_decay": -0.1}, "`weight_decay` -0.1: is a share, from 0 to 1"),
        ({"steps": 10**12}, "`steps` 1000000000000: give from 1 to 100000"),
        ({"steps": 0}, "`steps` 0: give from 1 to 100000"),
        ({"steps": 2.5}, "`steps` 2.5: give from 1 to 100000"),
        ({"every": 0}, "`every` 0: give a number of steps from 1 on"),
        ({"every": 257}, "`every` 257 is larger than `steps` 256: there would be no snapshot"),
        ({"pictures": 10**9}, "`pictures` 1000000000: a filter has from 2 to 9"),
        ({"filters": [-1]}, "`filters` -1: give numbers from 0 on"),
        ({"filters": range(101)}, "`filters`: 100 at most have cards, 101 are asked for"),
        ({"filters": [4, 4], "similar": True}, "`similar`: give at least two filters"),
        ({"recipe": "maso"}, "`recipe` maso: did you mean 'maco'?"),
        ({"only": "text"}, "`only` text: "),
        ({"scan": "some"}, "`scan` some: give a number of pictures from 2 on, or all"),
        ({"scan": True}, "`scan` True: give a number of pictures from 2 on, or all"),
        ({"scan": 1}, "`scan` 1: give a number of pictures from 2 on, or all"),
        ({"scan": 10**20}, "give a number of pictures from 2 on, or all"),
        ({"classes": ["Egg"], "objective": "neuron"}, "`objective` neuron: a logit has no middle"),
    ],
)
def test_what_cannot_be_is_said_before_the_model_is_loaded(arguments, line, monkeypatch):
    subject = open_subject(say=lambda _: None)
    monkeypatch.setattr("foodviz.models.load", None)
    with pytest.raises(InputError) as error:
        filters(subject, **arguments)
    assert line in str(error.value)
    assert "\n" not in str(error.value)
    assert not isinstance(error.value, UsageError)


@pytest.mark.parametrize(
    "arguments",
    [{"classes": ["Egg"], "filters": [1]}, {"classes": ["Egg"], "all_": True}, {"all_": True, "filters": [1]}],
)
def test_what_excludes_each_other(arguments):
    with pytest.raises(UsageError):
        filters(open_subject(say=lambda _: None), **arguments)


def test_more_pictures_than_memory_are_refused(subject, monkeypatch):
    monkeypatch.setattr(ascent, "MOST_BYTES", 2**20)
    quick = {"layer": "4", "only": "picture", "statistics": "imagenet"}
    with pytest.raises(InputError, match=r"16 snapshots of each take 0\.0 GiB, 0 are allowed: a larger `every`"):
        filters(subject, filters=range(8), steps=32, every=2, **quick)
    assert filters(subject, filters=range(8), steps=1, **quick).arrays["pictures"].shape[0] == 8


def test_a_climb_that_leaves_the_numbers_is_no_result(subject, monkeypatch):
    monkeypatch.setattr(
        "foodviz.methods.ascent.SGD.ascend", lambda _self, values, _gradient: values.data.fill_(torch.nan)
    )
    with pytest.raises(InputError, match="`lr` 12: the climb ends in what is no number; give a smaller one"):
        filters(subject, layer="4", filters=[1], only="picture", recipe="pixel", optimizer="sgd", steps=2)
