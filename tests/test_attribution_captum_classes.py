"""captum's classes by name: the same as called by hand and as foodviz's own methods; what is refused, in one line."""

import copy
import inspect
import json
import random
import sys

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution import (
    deeplift,
    gradcam,
    gradient,
    guided_backprop,
    input_x_gradient,
    integrated_gradients,
)
from foodviz.methods.attribution.captum_classes import attribute
from foodviz.methods.attribution.catalogue import chosen, method_of
from foodviz.methods.attribution.score import SCORES, difference, logit

pytestmark = pytest.mark.usefixtures("float64")
SEEDS = [5, 6, 7, 8]
OWN = {
    "InputXGradient": input_x_gradient.attribute,
    "IntegratedGradients": lambda *given, score: integrated_gradients.attribute(*given, steps=50, score=score),
    "GuidedBackprop": guided_backprop.attribute,
}


def signed_gradcam(model, images, targets, layer, score=logit):
    """Grad-CAM with nothing cut off, as captum has it unless asked otherwise."""

    def combine(maps, gradients):
        return (gradients.mean((2, 3), keepdim=True) * maps).sum(1)

    return gradcam.enlarge(gradcam.class_activation(model, layer, images, targets, combine, score=score), (24, 24))


@pytest.mark.parametrize("score", [*SCORES.values(), difference])
@pytest.mark.parametrize("name", OWN)
def test_captums_class_is_foodvizs_method(cnn, images, targets, name, score):
    which = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    theirs = attribute(cnn, images, which, name=name, seeds=SEEDS, score=score)
    torch.testing.assert_close(theirs.values, OWN[name](cnn, images, which, score=score).values)
    assert theirs.unit.startswith(f"the unit of {name} in captum ")
    assert not theirs.remarks
    of_layer = attribute(cnn, images, which, name="LayerGradCam", seeds=SEEDS, score=score, layer=cnn[6])
    torch.testing.assert_close(of_layer.values, signed_gradcam(cnn, images, which, cnn[6], score))


def test_deeplift_without_neighbouring_rules_is_foodvizs(cnn, images, targets):
    net = nn.Sequential(*[nn.AvgPool2d(2) if isinstance(each, nn.MaxPool2d) else each for each in cnn])
    for name in ("DeepLift", "DeepLiftShap"):
        theirs = attribute(net, images, targets, name=name, seeds=SEEDS)
        torch.testing.assert_close(theirs.values, deeplift.attribute(net, images, targets).values)


def test_in_place_relus_used_twice_are_no_hindrance_where_captum_takes_them(images, targets):
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    theirs = attribute(net, images, targets, name="Saliency", seeds=SEEDS)
    torch.testing.assert_close(theirs.values, gradient.attribute(net, images, targets).values.abs())
    theirs = attribute(net, images, targets, name="LayerGradCam", seeds=SEEDS, layer=net.layer1)
    torch.testing.assert_close(theirs.values, signed_gradcam(net, images, targets, net.layer1))
    with pytest.raises(InputError, match=r"`method` captum:DeepLift: captum says: A Module ReLU\(\) was detected"):
        attribute(net, images, targets, name="DeepLift", seeds=SEEDS)


def test_squares_are_hidden_together(cnn, images, targets):
    theirs = attribute(cnn, images, targets, name="FeatureAblation", seeds=SEEDS)
    assert theirs.values.shape == (4, 24, 24)
    assert "8 by 8 squares" in theirs.remarks[0]
    covered = images.clone()
    covered[:, :, 3:6, 21:24] = 0
    fall = (cnn(images) - cnn(covered)).gather(1, targets[:, None])
    torch.testing.assert_close(theirs.values[:, 3:6, 21:24], fall[:, :, None].expand(4, 3, 3))


DRAWING = ("GradientShap", "ShapleyValueSampling", "KernelShap")


@pytest.mark.parametrize("name", ["Saliency", "LayerConductance", *DRAWING])
def test_a_batch_is_its_images_one_by_one_and_the_seed_decides(cnn, images, targets, name):
    layer = {"layer": cnn[6]} if name.startswith("Layer") else {}
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    together = attribute(cnn, images, targets, name=name, seeds=SEEDS, **layer).values
    alone = [
        attribute(cnn, images[at : at + 1], targets[at : at + 1], name=name, seeds=SEEDS[at : at + 1], **layer).values
        for at in range(4)
    ]
    torch.testing.assert_close(together, torch.cat(alone))
    assert random.getstate() == kept[0]
    assert (np.random.get_state()[1] == kept[1][1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), kept[2])
    other = attribute(cnn, images, targets, name=name, seeds=[1, 2, 3, 4], **layer).values
    assert torch.allclose(other, together) == (name not in DRAWING)


NAMES = sorted(
    name
    for name, each in vars(captum.attr).items()
    if inspect.isclass(each) and issubclass(each, captum.attr.Attribution)
)


@pytest.mark.parametrize("name", NAMES)
def test_every_class_of_captum_answers_or_is_refused_in_one_line_and_leaves_nothing(cnn, images, targets, name):
    cnn.train()
    before = {key: value.clone() for key, value in cnn.state_dict().items()}
    flags = [getattr(module, "inplace", None) for module in cnn]
    attributes = [set(vars(module)) for module in cnn]
    method = method_of(f"captum:{name}")
    try:
        answer = attribute(
            *(cnn, images[:1], targets[:1]),
            name=name,
            seeds=[1],
            **({"layer": cnn[6]} if "layer" in method.needs else {}),
        )
    except InputError as error:
        refused = str(error)
    else:
        refused = f"`method` captum:{name}: "
        assert answer.values.shape in ((1, 3, 24, 24), (1, 24, 24))
        assert answer.values.dtype == torch.float64
        assert answer.values.isfinite().all()
        assert not answer.values.requires_grad
    assert refused.startswith(f"`method` captum:{name}: ")
    assert len(refused.splitlines()) == 1
    assert cnn.training
    assert all(torch.equal(value, before[key]) for key, value in cnn.state_dict().items())
    assert [getattr(module, "inplace", None) for module in cnn] == flags
    assert [set(vars(module)) for module in cnn] == attributes
    assert not any(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks for module in cnn)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Salience", "captum has no such method; did you mean 'Saliency'"),
        ("NoiseTunnel", "it wants attribution_method, which foodviz cannot give"),
        ("Occlusion", "it wants sliding_window_shapes, which foodviz cannot give"),
        ("NeuronGradient", "it wants neuron_selector"),
        ("LayerGradCam", "it wants a `layer`"),
        ("ShapleyValues", "never end; ShapleyValueSampling draws some"),
        ("FeaturePermutation", "it exchanges pixels between pictures"),
        ("LRP", "captum says: Module of type .*Flatten"),
        ("Attribution", "captum has no such method"),
        ("__name__", "captum has no such method"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cnn, images, targets, name, line):
    with pytest.raises(InputError, match=line):
        attribute(cnn, images, targets, name=name, seeds=SEEDS)


def test_a_layer_without_maps_is_refused(cnn, images, targets):
    with pytest.raises(InputError, match=r"it answers \(1, 5\) and no map; `layer` names another"):
        attribute(cnn, images, targets, name="LayerActivation", seeds=SEEDS, layer=cnn[10])


def test_what_the_network_itself_raises_is_no_word_of_captums(cnn, images, targets):
    class Broken(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("broken")

    model = nn.Sequential(*cnn[:7], Broken()).train()
    with pytest.raises(RuntimeError, match="broken"):
        attribute(model, images, targets, name="Saliency", seeds=SEEDS)
    assert model.training


def test_a_network_that_cannot_be_copied_is_refused(cnn, images, targets, tmp_path):
    cnn.log = (tmp_path / "log").open("w")
    with pytest.raises(InputError, match="`method` captum:Saliency: it works on a copy of the network"):
        attribute(cnn, images, targets, name="Saliency", seeds=SEEDS)
    cnn.log.close()
    with pytest.raises(TypeError):
        copy.deepcopy(cnn)


@pytest.mark.parametrize(
    "name", ["os.system", "", " Saliency", "Saliency()", "../x", "Saliency:x", "Ｓaliency", "a" * 9 + "-"]
)
def test_a_name_is_no_more_than_a_class_of_captums(name):
    with pytest.raises(InputError, match="behind the colon stands a class of captum"):
        chosen(f"captum:{name}", {})


def test_the_catalogue_knows_which_classes_take_a_layer():
    assert chosen("captum:Saliency", {}) == {}
    assert chosen("captum:LayerConductance", {"layer": "3"}) == {"layer": "3"}
    with pytest.raises(InputError, match=r"`layer` belongs to `method` gradcam, .*, not to captum:Saliency"):
        chosen("captum:Saliency", {"layer": "3"})
    for name in NAMES:
        kind = getattr(captum.attr, name)
        wants = "layer" in inspect.signature(kind).parameters
        assert ("layer" in method_of(f"captum:{name}").needs) == (wants and not name.startswith("Neuron"))


def test_the_command_draws_it_and_rerun_repeats_it(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "captum:LayerGradCam", "--layer", "33", "--json")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["method"] == ["captum:LayerGradCam"]
    assert manifest["layer"].startswith("layer 33 = cnn.33")
    assert f"captum {captum.__version__}" in manifest["unit"][0]
    again = foodviz("rerun", "results/saliency.json", "--check")
    assert again.exit_code == 0, again.stdout + again.stderr
    manifest["settings"]["method"] = ["captum:os.system"]
    with open("results/saliency.json", "w") as file:  # noqa: PTH123
        json.dump(manifest, file)
    refused = foodviz("rerun", "results/saliency.json", "--check")
    assert refused.exit_code == 1
    assert "behind the colon stands a class of captum.attr" in refused.stdout + refused.stderr


def test_the_command_lists_it_and_says_where_captum_is_missing(foodviz, monkeypatch):
    assert "captum:CLASS" in foodviz("saliency", "--help").stdout
    wrong = foodviz("saliency", "--method", "gradcma")
    assert wrong.exit_code == 2
    assert "captum:CLASS" in wrong.stderr
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    missing = foodviz("saliency", "--ids", "57", "--method", "captum:Saliency")
    assert missing.exit_code == 1
    assert missing.stderr.splitlines()[-1] == "error: --method captum:Saliency: captum is not there; pip install captum"
