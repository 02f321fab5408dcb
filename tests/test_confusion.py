import csv
import json
import shutil
import tempfile
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from foodviz.analysis import sweep
from foodviz.analysis.leakage import Gap
from foodviz.analysis.predictions import _Forward
from foodviz.data import FOOD11
from foodviz.metrics.confusion import difference_interval
from foodviz.models.architectures import build
from foodviz.models.classifier import Classifier
from foodviz.models.files.own_format import save
from foodviz.render.confusion import matrix_figure

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


def draw(folder, names, seed):
    """Pictures of coloured patches, different for every name and seed."""
    rng = np.random.default_rng(seed)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize((40, 36)).save(path)


@pytest.fixture
def food(tmp_path):
    """33 pictures a split, flat, 11 classes."""
    for seed, split in enumerate(("training", "validation")):
        draw(tmp_path / "food" / split, [f"{label}_{n}.png" for label in range(11) for n in range(3)], seed)
    return tmp_path / "food"


@pytest.fixture
def model(tmp_path):
    """Writes `model.safetensors` of a tiny net with random weights."""
    (tmp_path / "net.py").write_text(NET)

    def write(class_names=FOOD11, seen=()):
        torch.manual_seed(3)
        network = build("net.py:Net", len(class_names))
        torch.nn.init.normal_(network.fc.weight, std=3.0)
        classifier = Classifier(network, class_names, (32, 32))
        save(tmp_path / "model.safetensors", classifier, "net.py:Net", {}, seen)
        return classifier

    return write


@pytest.fixture
def confusion(foodviz, food, model):  # noqa: ARG001
    model()

    def run(*arguments, data="food", model="model.safetensors"):
        return foodviz("confusion", "--data", data, "--model", model, "--arch", "net.py:Net", "--dpi", "30", *arguments)

    return run


def rows(path="results/confusion-predictions.csv"):
    with open(path, newline="") as stream:  # noqa: PTH123
        return list(csv.DictReader(stream))


def facts():
    with open("results/confusion.json") as stream:  # noqa: PTH123
        return json.load(stream)


def test_figures_are_scikit_learns_on_the_written_csv(confusion):
    result = confusion()
    assert result.exit_code == 0, result.stderr
    answers = rows()
    assert [int(row["id"]) for row in answers] == list(range(33))
    true, predicted = ([row[key] for row in answers] for key in ("true", "predicted"))
    with open("results/confusion.csv", newline="") as stream:  # noqa: PTH123
        header, *matrix = csv.reader(stream)
    assert header[1:] == list(FOOD11) == [row[0] for row in matrix]
    counts = np.array([row[1:] for row in matrix], int)
    np.testing.assert_array_equal(counts, confusion_matrix(true, predicted, labels=FOOD11))
    with np.load("results/confusion.npz") as arrays:
        np.testing.assert_array_equal(arrays["counts"], counts)
        probabilities = torch.from_numpy(arrays["logits"]).softmax(1).max(1).values
    np.testing.assert_allclose([float(row["probability"]) for row in answers], probabilities, atol=1e-6)
    expected = precision_recall_fscore_support(true, predicted, labels=FOOD11, zero_division=np.nan)
    classes = facts()["classes"]
    for key, column in zip(("precision", "recall", "f1", "images"), expected, strict=True):
        ours = [np.nan if entry[key] is None else entry[key] for entry in classes]
        np.testing.assert_allclose(ours, column)
    right = sum(row["right"] == "1" for row in answers)
    assert f"{right} of 33 images right" in result.stdout
    assert facts()["accuracy"] == right / 33


def test_predictions_are_the_models(confusion, model, food):
    confusion()
    classifier = model()
    for row in rows()[::7]:
        image = Image.open(food / "validation" / row["file"]).resize((32, 32), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None] / 255
        best = classifier(pixels).softmax(1).max(1)
        assert FOOD11[int(best.indices)] == row["predicted"]
        assert float(best.values) == pytest.approx(float(row["probability"]), abs=1e-5)


def test_pairs_in_words_with_ids(confusion):
    result = confusion()
    worst = facts()["most_confused"][0]
    true, _, rest = worst.partition(" taken for ")
    predicted, _, told = rest.partition(":")
    ids = [int(word) for word in told.partition("ids ")[2].split()]
    assert ids
    answers = rows()
    assert all((answers[index]["true"], answers[index]["predicted"]) == (true, predicted) for index in ids)
    assert worst in result.stdout


def test_pair_pictures(confusion):
    first = confusion()
    assert first.exit_code == 0
    true, _, rest = facts()["most_confused"][0].partition(" taken for ")
    predicted = rest.partition(":")[0]
    assert confusion("--pair", true, predicted).exit_code == 0
    told = facts()["pair"]
    assert (told["true"], told["predicted"]) == (true, predicted)
    with np.load("results/confusion.npz") as arrays:
        assert arrays["pair_for_predicted"].shape == (len(told["ids"]), 32, 32)
        assert not np.allclose(arrays["pair_for_predicted"], arrays["pair_for_true"])
    counts = facts()["classes"]
    innocent = next(entry["name"] for entry in counts if entry["precision"] is None)
    none = confusion("--pair", "Bread", innocent) if innocent != "Bread" else confusion("--pair", "Egg", innocent)
    assert none.exit_code == 0
    assert "nothing to draw" in none.stderr
    assert confusion("--pair", "Bread", "Bread").exit_code == 1
    wrong = confusion("--pair", "Bread", "Eggs")
    assert wrong.exit_code == 1
    assert "'Egg'" in wrong.stderr


def test_trained_with_the_validation_pictures_is_marked(foodviz, confusion):
    settings = ["--data", "food", "--arch", "net.py:Net", "--size", "32", "--epochs", "1", "--batch-size", "8"]
    for extra, seen in (["--merge-validation"], 33), ([], 0):
        assert foodviz("train", *settings, *extra, "--out", "m.safetensors", "--quiet").exit_code == 0
        result = confusion(model="m.safetensors")
        assert f"{seen} of 33 images were in the training set" in result.stdout
        assert facts()["trained_on"] == f"{seen} of 33 images were in the training set"
    trained = confusion("--split", "training", model="m.safetensors")
    assert "33 of 33 images were in the training set" in trained.stdout


def test_a_foreign_checkpoint_is_compared_with_training(confusion, model):
    torch.save(model().network.state_dict(), "foreign.pth")
    result = confusion("--input-size", "32", model="foreign.pth")
    assert result.exit_code == 0, result.stderr
    assert "on 33 training images and" in result.stdout
    assert "suspicion" not in result.stdout


@pytest.mark.parametrize(
    ("training", "evaluated", "suspicious"),
    [
        ((998, 1000), (3420, 3430), True),  # as good on both: the report's case
        ((995, 1000), (3330, 3430), False),  # an honest drop of 2.4 points
        ((700, 1000), (2400, 3430), False),  # fits neither: nothing follows
        ((22, 22), (22, 22), False),  # too few to say
    ],
)
def test_suspicion_needs_a_good_fit_and_no_drop(training, evaluated, suspicious):
    gap = Gap(training, evaluated, difference_interval(training, evaluated))
    assert gap.suspicious == suspicious
    assert ("suspicion" in gap.words("validation")) == suspicious
    assert f"{evaluated[0] / evaluated[1]:.1%} on validation" in gap.words("validation")


class Killed(BaseException):
    pass


@pytest.fixture
def answered(monkeypatch):
    """How many pictures each forward pass over the split took; the pass dies when `limit[0]` is reached."""
    forward, counts, limit = _Forward.__call__, [], [1000]

    def counting(self, images):
        counts.append(len(images))
        if sum(counts) > limit[0]:
            raise Killed
        return forward(self, images)

    monkeypatch.setattr(_Forward, "__call__", counting)
    return counts, limit


def test_killed_half_way_it_goes_on_to_the_same_bytes(confusion, answered, monkeypatch, tmp_path):
    counts, limit = answered
    monkeypatch.setattr(sweep, "BATCH", 4)
    monkeypatch.setattr(sweep, "BATCHES", 2)
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "undisturbed"))
    assert confusion().exit_code == 0
    shutil.move("results", "expected")
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "killed"))
    counts.clear()
    limit[0] = 20
    with pytest.raises(Killed):
        confusion()
    counts.clear()
    limit[0] = 1000
    assert confusion().exit_code == 0
    assert sum(counts) == 33 - 16  # two parts were there
    for name in ("confusion.csv", "confusion-predictions.csv"):
        assert (tmp_path / "results" / name).read_bytes() == (tmp_path / "expected" / name).read_bytes()


def test_the_cache_is_used_and_damage_or_change_noticed(confusion, answered, monkeypatch, tmp_path, food):
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "cache"))
    counts, _ = answered

    def again():
        counts.clear()
        assert confusion().exit_code == 0
        return sum(counts), (tmp_path / "results/confusion-predictions.csv").read_bytes()

    count, first = again()
    assert count == 33
    assert again() == (0, first)
    [part] = (tmp_path / "cache/predictions").iterdir()
    content = part.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content[:900] + b"\xff" + content[901:]):
        part.write_bytes(damaged)
        assert again() == (33, first)
    draw(food / "validation", ["0_0.png"], 77)
    count, changed = again()
    assert count == 33
    assert changed != first


def test_without_a_place_for_the_cache_it_still_works(confusion, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert confusion().exit_code == 0


def test_broken_pictures_are_skipped_counted_and_named(confusion, food):
    (food / "validation/1_1.png").write_bytes(b"not a picture")
    (food / "validation/9_2.png").write_bytes(b"")
    result = confusion()
    assert result.exit_code == 0
    assert "left out 2 of 33 pictures" in result.stderr
    assert "validation/1_1.png: not a picture" in result.stderr
    assert len(rows()) == 31
    assert len(facts()["unreadable"]) == 2
    for path in (food / "validation").iterdir():
        path.write_bytes(b"")
    nothing = confusion()
    assert nothing.exit_code == 1
    assert "can be read" in nothing.stderr


def test_broken_pictures_may_fill_a_part(confusion, food, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 4)
    monkeypatch.setattr(sweep, "BATCHES", 2)
    for path in sorted((food / "validation").iterdir())[24:]:
        path.write_bytes(b"")
    assert confusion().exit_code == 0
    assert [int(row["id"]) for row in rows()] == list(range(24))
    assert confusion().exit_code == 0
    assert len(facts()["unreadable"]) == 9


def test_classes_in_another_order_are_matched_by_name(confusion, model, food, tmp_path):
    confusion()
    plain = rows()
    model(FOOD11[::-1])
    for label, name in enumerate(FOOD11):
        draw(tmp_path / "named/validation", [], 0)
        (tmp_path / f"named/validation/{name.replace('/', '-')}").mkdir(parents=True)
        for n in range(3):
            there = tmp_path / f"named/validation/{name.replace('/', '-')}/{n}.png"
            shutil.copy(food / f"validation/{label}_{n}.png", there)
    result = confusion(data="named")
    assert result.exit_code == 0, result.stderr
    assert "matched by name" in result.stderr
    by_file = {row["sha256"]: row for row in rows()}
    for row in plain:
        other = by_file[row["sha256"]]
        assert other["true"] == row["true"]
        assert FOOD11.index(other["predicted"]) == 10 - FOOD11.index(row["predicted"])


def test_names_that_are_not_certain_are_refused(confusion, model, tmp_path):
    model(("pizza", "sushi", "ramen"))
    for name in ("Pizzas", "ramen", "sushi"):
        draw(tmp_path / "named", [f"{name}/1.png"], 5)
    near = confusion(data="named")
    assert near.exit_code == 0
    assert "class 'Pizzas' of the data is taken to be the model's 'pizza'" in near.stderr
    draw(tmp_path / "named", ["burger/1.png"], 5)
    unknown = confusion(data="named")
    assert unknown.exit_code == 1
    assert "no class 'burger'" in unknown.stderr


def test_more_classes_than_the_model_has(confusion, model, food):
    model(("pizza", "sushi", "ramen"))
    result = confusion()
    assert result.exit_code == 1
    assert "number 10" in result.stderr
    assert "only 3 classes" in result.stderr
    for path in (food / "validation").iterdir():
        if int(path.name.partition("_")[0]) > 2:
            path.unlink()
    assert "0 is 'pizza'" in confusion().stderr


def test_one_class_only(confusion, food):
    for path in (food / "validation").iterdir():
        if not path.name.startswith("3_"):
            path.unlink()
    result = confusion()
    assert result.exit_code == 0, result.stderr
    assert "all pictures are of one class, Egg" in result.stderr
    assert [entry["images"] for entry in facts()["classes"]] == [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]


def test_without_labels_or_pictures_it_says_what_to_do(confusion, food):
    for path in (food / "validation").iterdir():
        path.rename(path.with_name(path.name.replace("_", "")))
    unlabelled = confusion()
    assert unlabelled.exit_code == 1
    assert "no labels" in unlabelled.stderr
    assert "--split" in unlabelled.stderr
    for path in (food / "validation").iterdir():
        path.unlink()
    empty = confusion()
    assert empty.exit_code == 1
    assert "no picture" in empty.stderr


@pytest.mark.parametrize("classes", [1, 2, 11, 101])
def test_the_picture_of_the_matrix(classes):
    rng = np.random.default_rng(0)
    counts = np.diag(rng.integers(20, 30, classes))
    counts[0, -1] += 4
    shares = counts / counts.sum(1, keepdims=True)
    recall = np.diagonal(shares)
    names = [f"food number {index}" for index in range(classes)]
    figure = matrix_figure(counts, shares, names, {"recall": recall}, title="validation", warning="3 of 3 images")
    figure.draw_without_rendering()
    [axes] = figure.axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names
    texts = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    for place in range(classes):
        assert texts[place, place].startswith(str(counts[place, place]))
    assert axes.get_ylabel() == "true class"
    assert "3 of 3 images" in axes.get_title("left")
    colours = axes.images[0].get_array()
    assert colours[0, 0, 2] > colours[0, 0, 0]  # right is blue
    if classes > 1:
        assert colours[0, -1, 0] > colours[0, -1, 2]  # wrong is red
    boxes = [tick.get_window_extent() for tick in axes.get_yticklabels()]
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairwise(boxes))
    assert min(tick.get_fontsize() for tick in axes.get_yticklabels()) >= 6
