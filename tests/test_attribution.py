"""What every attribution method of the catalogue must hold, and what an Attribution makes of its values."""

import hashlib
import inspect
from importlib import import_module

import numpy as np
import pytest
import torch

from foodviz.attribution import Attribution
from foodviz.methods.attribution.catalogue import METHODS, module_of

pytestmark = pytest.mark.usefixtures("float64")

FEW = {"samples": 5, "steps": 5}  # of whatever a method repeats
TRANSFORMERS = ("attention-rollout", "transformer-attribution")  # methods for them alone


def every_method(cnn, vit, images, targets):
    """name -> the method's answer; the noise of an image belongs to the image."""
    answers = {}
    for name, method in METHODS.items():
        attribute = import_module(module_of(name)).attribute
        options = {each.name: FEW[each.name] for each in method.options if each.name in FEW}
        seeds = [int.from_bytes(hashlib.sha256(image.numpy().tobytes()).digest()[:6]) for image in images]
        hidden = images.mean((2, 3), keepdim=True).expand_as(images)
        needs = {"seeds": seeds, "layer": cnn[6], "hidden": hidden, "hide": "auto"}
        options |= {need: needs[need] for need in method.needs}
        answers[name] = attribute(vit if name in TRANSFORMERS else cnn, images, targets, **options)
    return answers


@pytest.mark.parametrize("name", METHODS)
def test_the_catalogue_says_what_the_method_takes(name):
    method = METHODS[name]
    attribute = import_module(module_of(name)).attribute
    parameters = inspect.signature(attribute).parameters
    assert set(method.needs) <= set(parameters)
    for option in method.options:
        default = parameters[option.name].default
        assert default == option.default or option.default is None


def test_a_batch_is_its_images_one_by_one(cnn, vit, images, targets):
    alone = [every_method(cnn, vit, images[i : i + 1], targets[i : i + 1]) for i in range(4)]
    for name, together in every_method(cnn, vit, images, targets).items():
        torch.testing.assert_close(together.values, torch.cat([each[name].values for each in alone]), msg=name)


def test_every_answer_fits_its_images(cnn, vit, images, targets):
    for name, answer in every_method(cnn, vit, images, targets).items():
        assert answer.values.shape in ((4, 24, 24), (4, 3, 24, 24)), name
        assert answer.values.dtype == images.dtype == torch.float64, name
        assert not answer.values.requires_grad, name
        assert answer.unit.startswith(("logit", "activation")) or name in TRANSFORMERS, name
        assert answer.maps.shape == answer.values.shape
        assert len(answer.peaks) == len(answer) == 4
        assert all(len(check) == 4 for check in answer.checks.values())


def test_nothing_is_left_behind(cnn, vit, images, targets):
    cnn.train()
    cnn[0].eval()
    before = {key: value.clone() for key, value in cnn.state_dict().items()}
    kept = images.clone()
    every_method(cnn, vit, images, targets)
    assert cnn.training
    assert not cnn[0].training
    assert cnn[1].training
    assert all(torch.equal(value, before[key]) for key, value in cnn.state_dict().items())
    for module in (*cnn.modules(), *vit.modules()):
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert "forward" not in vars(module)
    assert torch.equal(images, kept)
    assert not images.requires_grad
    assert all(parameter.grad is None for parameter in cnn.parameters())


def test_colours_are_reduced_as_said():
    values = Attribution(torch.tensor([1.0, -3.0, 2.0]).view(1, 3, 1, 1), "logit")
    assert values.reduced("max").values.item() == 3
    assert values.reduced("sum").values.item() == 0
    assert values.reduced("none").values.flatten().tolist() == [1, 3, 2]
    assert values.reduced("max").unit == "logit"
    plain = Attribution(torch.tensor([[[-1.0]]]), "logit")
    assert plain.reduced("max") is plain


def test_the_peak_is_the_largest_magnitude():
    several = Attribution(torch.tensor([[[1.0, -3.0]], [[2.0, 0.5]]]), "logit")
    assert several.peaks == [3, 2]
    np.testing.assert_array_equal(several.maps, [[[1, -3]], [[2, 0.5]]])
