"""`foodviz.analysis.confusion` as a notebook calls it, without a command line."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from foodviz import analysis
from foodviz.analysis.confusion.cells import PICTURES, RIGHT
from foodviz.analysis.typed import typed
from foodviz.cli.confusion import confusion as command
from foodviz.data import FOOD11
from foodviz.errors import InputError
from foodviz.models.architectures import build
from foodviz.models.classifier import Classifier
from foodviz.models.files.own_format import save

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        self.fc = nn.Linear(24, classes)

    def forward(self, images):
        return self.fc(self.cnn(images).flatten(1))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """33 noisy pictures a split, and a net with random weights that takes some classes for others."""
    folder = tmp_path_factory.mktemp("confusion")
    random = np.random.default_rng(0)
    for split in ("training", "validation"):
        (folder / split).mkdir()
        for label in range(11):
            for number in range(3):
                patches = Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8))
                patches.resize((40, 36)).save(folder / split / f"{label}_{number}.png")
    (folder / "net.py").write_text(NET)
    torch.manual_seed(3)
    network = build(f"{folder}/net.py:Net", 11)
    torch.nn.init.normal_(network.fc.weight, std=3.0)
    save(folder / "net.safetensors", Classifier(network, FOOD11, (32, 32)), "net.py:Net", {}, ())
    return folder


def opened(folder, **settings):
    return analysis.open_subject(
        data=str(folder), model=str(folder / "net.safetensors"), arch=f"{folder}/net.py:Net", **settings
    )


@pytest.fixture
def subject(folder):
    return opened(folder)


def most_frequent(result):
    """(true, predicted) index of the most frequent error."""
    counts = result.arrays["counts"] * (1 - np.eye(11, dtype=int))
    return divmod(int(counts.argmax()), 11)


def test_arguments_are_those_of_the_command():
    own = {name: each.default for name, each in inspect.signature(analysis.confusion).parameters.items()}
    assert own == {"subject": inspect.Parameter.empty, "pair": None, "duplicates": False}
    assert {"pair", "duplicates"} <= {param.name for param in command.params}
    assert typed(analysis.confusion, {"pair": ["Bread", "Egg"], "duplicates": True})["pair"] == ("Bread", "Egg")
    for wrong in (["Bread"], "Bread", [1, 2]):
        with pytest.raises(InputError, match="`pair`"):
            typed(analysis.confusion, {"pair": wrong})


def test_values_facts_and_sentences_without_a_file(subject, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = analysis.confusion(subject)
    assert result.command == "confusion"
    assert result.settings["pair"] is None
    assert result.settings["data"] == subject.settings["data"]
    assert result.facts["data"]["split"] == "validation"
    counts = result.arrays["counts"]
    assert counts.sum() == result.facts["images"] == 33
    assert np.trace(counts) == result.facts["right"]
    np.testing.assert_array_equal(result.arrays["shares"], counts / 3)
    assert result.sentences[0].startswith(f"{result.facts['right']} of 33 pictures are named rightly")
    assert f"{result.facts['right']} of 33 images right" in result.lines[0]
    assert not list(tmp_path.iterdir())


def test_the_page_shows_the_most_confident_pictures_of_each_cell(subject):
    result = analysis.confusion(subject)
    matrix = result.views()["matrix"]
    counts = result.arrays["counts"]
    assert matrix["names"] == list(FOOD11)
    assert matrix["counts"] == counts.tolist()
    confidences = torch.from_numpy(result.arrays["logits"]).softmax(1).amax(1).numpy()
    predicted = result.arrays["logits"].argmax(1)
    for true in range(11):
        for other in range(11):
            cell = matrix["cells"].get(f"{true} {other}", [])
            assert len(cell) == min(counts[true, other], RIGHT if true == other else PICTURES)
            ids = [int(each["name"].partition(" ")[0]) for each in cell]
            labels = [int(each["name"].split()[1].partition("_")[0]) for each in cell]
            assert set(labels) <= {true}
            assert all(predicted[index] == other for index in ids)
            assert (np.diff(confidences[ids]) <= 1e-5).all()


def test_a_pair_has_both_maps_and_captions_of_the_untouched_model(subject):
    true, predicted = most_frequent(analysis.confusion(subject))
    result = analysis.confusion(subject, pair=(FOOD11[true], str(predicted)))
    ids = result.facts["pair"]["ids"]
    assert result.facts["pair"] == {"true": FOOD11[true], "predicted": FOOD11[predicted], "ids": ids}
    batch = subject.read(subject.split("validation"), ids)
    pixels = batch.images.clone().requires_grad_()
    for name, target in (("pair_for_predicted", predicted), ("pair_for_true", true)):
        (gradient,) = torch.autograd.grad(subject.classifier(pixels)[:, target].sum(), pixels)
        expected = gradient.abs().amax(1).numpy()
        np.testing.assert_allclose(result.arrays[name], expected, rtol=1e-3, atol=1e-4 * expected.max())
    assert (np.diff(torch.from_numpy(result.arrays["logits"])[ids].softmax(1).amax(1)) <= 1e-5).all()
    figures = result.figures()
    assert list(figures) == ["", "errors", "pair"]
    best = subject.classifier(batch.images).softmax(1).amax(1)
    captions = [axes.get_title() for axes in figures["pair"].axes[: len(ids)]]
    for caption, index, probability in zip(captions, ids, best.tolist(), strict=True):
        first, label, answer = caption.split("\n")
        assert first.startswith(f"{index}  ")
        assert (label, answer) == (FOOD11[true], f"→ {FOOD11[predicted]} {probability:.1%}")


def test_what_is_wrong_names_the_parameter(subject, folder):
    with pytest.raises(InputError, match="`pair` Bread 0: give two different classes"):
        analysis.confusion(subject, pair=("Bread", "0"))
    with pytest.raises(InputError, match="`pair` Pizza: no such class"):
        analysis.confusion(subject, pair=("Pizza", "Bread"))
    with pytest.raises(InputError, match=r"`pair`.*two classes"):
        analysis.confusion(subject, pair=("Bread",))
    alone = analysis.open_subject(data=str(folder / "validation"))
    with pytest.raises(InputError, match=r"`duplicates`.*no split beside"):
        analysis.confusion(alone, duplicates=True)


def test_hashes_are_made_of_smooth_pictures_whatever_the_model_wants(subject, folder):
    plain = opened(folder, resize="plain")
    ours, theirs = (analysis.confusion(each, duplicates=True).facts["duplicates"] for each in (subject, plain))
    assert ours == theirs


def test_what_is_wrong_with_the_data_is_said_before_torch_is_imported(tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "picture.png")
    code = f"""
import sys
from foodviz import analysis, errors
try:
    analysis.confusion(analysis.open_subject(data={str(tmp_path)!r}))
except errors.InputError as error:
    print(error, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no labels" in done.stdout
    assert done.stdout.split()[-1] == "False"
