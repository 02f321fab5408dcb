"""`foodviz inspect` finds out what a model was trained on, and what it writes down is what other commands then do."""

import json
import tomllib

import pytest
import torch
from torch import nn
from trained import bgr, carried

from foodviz.data import FOOD11
from foodviz.models import Classifier, load
from foodviz.models.files.own_format import save

SIZE = 32
STACK = "stack; ReLU: cnn.2 cnn.6 cnn.10 fc.1; MaxPool2d(2): cnn.3 cnn.7 cnn.11"


@pytest.fixture
def bgr_checkpoint(tmp_path):
    """A small net trained on sample pictures in BGR, saved as the course's students do."""
    weights = {f"module.{key}": value for key, value in carried(bgr(), "bgr").state_dict().items()}
    torch.save({"state_dict": weights, "epoch": 40}, tmp_path / "model.pth")
    return tmp_path / "model.pth"


def test_bgr_is_recognised_and_the_config_makes_saliency_use_it(foodviz, bgr_checkpoint, tmp_path):
    flags = ("--model", str(bgr_checkpoint), "--count", "66", "--few", "33")
    done = foodviz("inspect", *flags, "--save", "configs/mine.toml")
    assert done.exit_code == 0, done.stderr
    assert "BGR, normalisation none" in done.stdout.splitlines()[-2]
    assert "fits best: right on" in done.stdout
    assert "prefix 'module.' removed" in done.stdout
    assert "guessed from the weights, decided by labelled pictures" in done.stdout
    table = [line.split() for line in done.stdout.splitlines() if line.rstrip().endswith(("antialiased", "plain"))]
    assert len(table) == 16
    assert {(row[-3], row[-2]) for row in table} == {
        (order, normalise) for order in ("rgb", "bgr") for normalise in ("none", "half", "imagenet", "bytes")
    }
    config = tomllib.loads((tmp_path / "configs/mine.toml").read_text())
    assert (config["channel_order"], config["normalise"], config["input_size"]) == ("bgr", "none", SIZE)
    assert config["arch"].startswith("stack; ")

    done = foodviz("--config", "configs/mine.toml", "saliency", "--ids", "57", "--out", "here")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads((tmp_path / "here/saliency.json").read_text())
    assert manifest["model"]["pixels"].startswith("BGR, normalisation none")
    assert "guessed" not in done.stderr


def untrained(path):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 11))
    torch.save(net, path)


def test_a_model_that_only_guesses_is_warned_of_and_that_is_remembered(foodviz, tmp_path, monkeypatch):
    untrained(tmp_path / "net")
    done = foodviz("saliency", "--ids", "57", "--model", "net")
    assert done.exit_code == 0
    assert "pixels assumed RGB" in done.stderr
    assert "warning: the model is right on" in done.stderr
    assert "no better than always naming the commonest class (" in done.stderr
    monkeypatch.setattr("foodviz.analysis.accuracy_check.LabelledPictures.rate", None)  # nothing is rated a second time
    assert "no better than always naming" in foodviz("saliency", "--ids", "57", "--model", "net").stderr


def of_its_own_normalisation(path):
    """The net above for RGB, its pixels normalised in a way of its own that the file says."""
    net, mean, std = carried(bgr(), "bgr"), torch.tensor([0.3, 0.4, 0.6]), torch.tensor([0.4, 0.2, 0.3])
    first = net.cnn[0]
    weight = first.weight.flip(1)
    first.bias.data += (weight * mean.view(3, 1, 1)).sum((1, 2, 3))
    first.weight.data = weight * std.view(3, 1, 1)
    classifier = Classifier(net, FOOD11, (SIZE, SIZE), mean=mean.tolist(), std=std.tolist())
    save(path, classifier, f"{STACK}; input: {SIZE}", {}, [])


def test_a_normalisation_that_the_file_says_is_rated_beside_the_usual_ones(foodviz, tmp_path):
    of_its_own_normalisation(tmp_path / "own.safetensors")
    flags = ("--model", "own.safetensors", "--count", "44", "--few", "22", "--json", "--save", "own.toml")
    result = foodviz("inspect", *flags)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["readings"][0]["channel_order"], found["readings"][0]["normalise"]) == ("rgb", "own")
    assert found["verdict"].startswith("RGB, normalisation as the file says")
    assert "\nnormalise" not in (tmp_path / "own.toml").read_text()
    assert foodviz("--config", "own.toml", "saliency", "--ids", "57", "--quiet").exit_code == 0


def test_a_normalisation_in_numbers_is_read_rated_and_written_down(foodviz, tmp_path):
    of_its_own_normalisation(tmp_path / "own.safetensors")
    weights = load(str(tmp_path / "own.safetensors")).network.state_dict()
    torch.save(weights, tmp_path / "plain.pth")
    numbers = ["0.3", "0.4", "0.6", "0.4", "0.2", "0.3"]
    arch = f"{STACK}; input: {SIZE}"
    flags = ("--model", "plain.pth", "--arch", arch, "--count", "44", "--few", "22", "--json")
    result = foodviz("inspect", *flags, "--normalise", *numbers, "--fit", "pad", "--save", "own.toml")
    assert result.exit_code == 0, result.stderr
    best = json.loads(result.stdout)["readings"][0]
    assert (best["normalise"], best["figures"]) == ("own", [[0.3, 0.4, 0.6], [0.4, 0.2, 0.3]])
    config = tomllib.loads((tmp_path / "own.toml").read_text())
    assert (config["normalise"], config["fit"]) == ([0.3, 0.4, 0.6, 0.4, 0.2, 0.3], "pad")
    assert foodviz("--config", "own.toml", "saliency", "--ids", "57", "--trust", "none", "--quiet").exit_code == 0
    settings = json.loads((tmp_path / "results" / "saliency.json").read_text())["settings"]
    assert (settings["normalise"], settings["fit"]) == (config["normalise"], "pad")
    assert foodviz("rerun", "results/saliency.json", "--check").exit_code == 0
    refused = foodviz("inspect", "--normalise", "123.7", "116.3", "103.5", "58.4", "57.1", "57.4")
    assert refused.exit_code == 1
    assert "values in 0 to 255 are divided by 255" in refused.stderr


def test_json_and_what_cannot_be_proven(foodviz, tmp_path):
    untrained(tmp_path / "net")
    found = json.loads(foodviz("inspect", "--model", "net", "--json", "--count", "22", "--few", "11").stdout)
    assert found["architecture"] == "pickled"
    assert found["parameters"] == 3 * 4 * 9 + 4 + 4 * 11 + 11
    assert len(found["readings"]) == 16
    assert "by guessing" in found["verdict"]
    folder = tmp_path / "data" / "testing"
    folder.mkdir(parents=True)
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (40, 30)).save(folder / f"{number:04}.jpg")
    done = foodviz("inspect", "--model", "net", "--data", "data", "--split", "testing")
    assert "no labelled pictures of its classes: nothing proven" in done.stdout


def test_wrong_files_are_one_line(foodviz, tmp_path):
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><html>")
    for flags, line in (
        (("--model", "gone.pth"), "error: --model gone.pth: no such file"),
        (("--model", "page.pth"), "a saved web page"),
    ):
        done = foodviz("inspect", *flags)
        assert done.exit_code == 1
        assert line in done.stderr
        assert done.stderr.count("\n") == 1
