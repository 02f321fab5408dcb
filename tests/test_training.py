"""Training: it learns, it goes on where it stopped, and its checkpoint says everything."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from foodviz import models
from foodviz.errors import InputError
from foodviz.models import Classifier
from foodviz.models.files.own_format import declared_by, seen_digests, was_seen
from foodviz.training.augment import augment
from foodviz.training.loop import PixelStore, Recipe, evaluate, fit


def coloured(count: int, seed: int) -> PixelStore:
    """Noise whose class is its strongest colour: easy to learn, hard to guess."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (count,), generator=generator)
    images = torch.randint(0, 120, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    images[torch.arange(count), labels] += 90
    return PixelStore(images, labels)


def fresh() -> Classifier:
    """A net that tells colours within a few steps, whatever its start; with norms and dropout."""
    torch.manual_seed(4)
    layers = [nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    net = nn.Sequential(*layers, nn.Dropout(0.1), nn.Linear(8, 3))
    return Classifier(net, "abc", (32, 32), mean=(0.4,) * 3, std=(0.2,) * 3)


RECIPE = Recipe(epochs=3, batch_size=16, lr=3e-2, start_size=1.0, augmentation=0.3)


def test_it_learns():
    classifier = fresh()
    epochs = [epoch for epoch, _ in fit(classifier, coloured(192, 0), coloured(60, 1), RECIPE)]
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3]
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[-1].validation_accuracy > 0.95
    assert evaluate(classifier, coloured(60, 1)) == epochs[-1].validation_accuracy


def test_resumed_is_uninterrupted():
    data, validation = coloured(48, 0), coloured(12, 1)
    whole, stopped, resumed = fresh(), fresh(), fresh()
    for _ in fit(whole, data, validation, RECIPE):
        pass
    _, state = next(iter(fit(stopped, data, validation, RECIPE)))
    for _ in fit(resumed, data, validation, RECIPE, state=state):
        pass
    for ours, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_another_recipe_is_not_resumed():
    _, state = next(iter(fit(fresh(), coloured(32, 0), coloured(8, 1), RECIPE)))
    with pytest.raises(InputError, match="another lr"):
        next(iter(fit(fresh(), coloured(32, 0), coloured(8, 1), Recipe(**vars(RECIPE) | {"lr": 1e-4}), state=state)))


def test_a_loss_that_explodes_is_said():
    with pytest.raises(InputError, match="lower `lr`"):
        list(fit(fresh(), coloured(64, 0), coloured(8, 1), Recipe(**vars(RECIPE) | {"lr": 1e30, "optimizer": "sgd"})))


def test_augmentation_keeps_range_and_size_and_does_nothing_at_strength_0():
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    changed = augment(images, (24, 24), 1.0, torch.Generator().manual_seed(1))
    assert changed.shape == (8, 3, 24, 24)
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert torch.equal(changed, augment(images, (24, 24), 1.0, torch.Generator().manual_seed(1)))
    torch.testing.assert_close(augment(images, (32, 32), 0, torch.Generator()), images)


@pytest.fixture
def folder(sample_folder) -> Path:
    return sample_folder


FLAGS = ["--size", "32", "--epochs", "1", "--batch-size", "8", "--precision", "float32", "--device", "cpu"]


def test_the_checkpoint_says_what_it_is_and_what_it_has_seen(foodviz, folder):
    result = foodviz("train", "--data", str(folder), *FLAGS, "--merge-validation", "--half", "--out", "m.safetensors")
    assert result.exit_code == 0, result.stderr
    assert "validation accuracy" in result.stdout
    with safe_open("m.safetensors", "pt") as checkpoint:
        declared = declared_by(checkpoint.metadata())
        assert checkpoint.get_tensor("cnn.0.weight").dtype == torch.float16
    assert declared.architecture == "vgg16_bn-slim"
    assert declared.input_size == (32, 32)
    assert declared.training["merged_validation"] is True
    assert len(declared.training["epochs"]) == 1
    seen = seen_digests(declared.trained_on)
    assert len(seen) == 66
    assert not was_seen(seen, "00" * 32)
    manifest = json.loads(
        foodviz("saliency", "--data", str(folder), "--model", "m.safetensors", "--split", "val", "--json").stdout
    )
    assert manifest["trained_on"] == "4 of 4 images were in the training set"
    assert not Path("m.safetensors.training").exists()


def test_nothing_is_left_in_the_folder_for_temporary_files(folder, tmp_path):
    (tmp_path / "tmp").mkdir()
    flags = ["train", "--data", str(folder), *FLAGS, "--out", str(tmp_path / "m.safetensors")]
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    subprocess.run([sys.executable, "-m", "foodviz", *flags], env=environment, capture_output=True, check=True)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("flags", [("--size", "64"), ("--size", "128", "--start-size", "0.5")])
def test_a_size_that_the_net_does_not_take_is_said_before_it_trains(foodviz, folder, flags):
    result = foodviz("train", "--data", str(folder), "--arch", "hw5-sample", "--epochs", "1", *flags)
    assert result.exit_code == 1
    assert "--arch hw5-sample does not run on pictures of 64x64" in result.stderr


def test_training_needs_labels(foodviz, folder):
    for split in ("training", "validation"):
        for place, path in enumerate(sorted((folder / split).iterdir())):
            path.rename(path.with_name(f"{place}.jpg"))
    result = foodviz("train", "--data", str(folder), *FLAGS)
    assert result.exit_code == 1
    assert "needs labels" in result.stderr


# No norms, which in two processes would see half a batch each, and no kink, which makes more of the last digit.
SMOOTH = """
from torch import nn

def net(classes):
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.Tanh(), nn.AvgPool2d(5), nn.Flatten(), nn.Linear(72, classes))
"""
TRAIN_SMOOTH = ["train", *FLAGS, "--augmentation", "0", "--arch", "net.py:net", "--optimizer", "sgd", "--lr", "0.1"]


def test_a_stopped_training_goes_on(foodviz, folder):
    Path("net.py").write_text(SMOOTH)
    flags = [*TRAIN_SMOOTH, "--data", str(folder), "--out", "m.safetensors"]
    flags[flags.index("--epochs") + 1] = "2"
    assert foodviz(*flags).exit_code == 0
    whole = load_file("m.safetensors")
    code = (
        "import foodviz.training.loop as loop, sys\nfit = loop.fit\n"
        "def once(*a, **k):\n    for done in fit(*a, **k):\n        yield done\n        raise KeyboardInterrupt\n"
        f"loop.fit = once\nsys.argv = ['foodviz', *{flags!r}]\nfrom foodviz.cli import main\nmain()"
    )
    stopped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert stopped.returncode == 130
    assert Path("m.safetensors.training").exists()
    assert foodviz(*flags, "--resume").exit_code == 0
    for name, weights in load_file("m.safetensors").items():
        torch.testing.assert_close(weights, whole[name], rtol=1e-4, atol=1e-5)


def test_two_processes_give_the_checkpoint_that_one_gives(foodviz, folder):
    Path("net.py").write_text(SMOOTH)
    flags = [*TRAIN_SMOOTH, "--data", str(folder)]
    assert foodviz(*flags, "--out", "one.safetensors").exit_code == 0
    assert foodviz(*flags, "--out", "slow.safetensors", "--lr", "0.05").exit_code == 0
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "foodviz"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    two = subprocess.run([*launch, *flags, "--out", "two.safetensors"], capture_output=True, text=True, env=environment)
    assert two.returncode == 0, two.stderr
    assert models.load("two.safetensors", arch="net.py:net").origin.declared.training["processes"] == 2
    one, slow, two = (load_file(f"{name}.safetensors") for name in ("one", "slow", "two"))
    for name, weights in one.items():
        torch.testing.assert_close(two[name], weights, rtol=1e-4, atol=1e-5)
        assert (slow[name] - weights).abs().max() > 1e-3  # what another training makes of them
