"""LRP against zennit's EpsilonPlusFlat, with plain stacks, residual nets and nets whose forward calls functions."""

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.composites import EpsilonPlusFlat
from zennit.layer import Sum
from zennit.torchvision import ResNetCanonizer

from foodviz.errors import InputError
from foodviz.methods.attribution.lrp import attribute
from foodviz.methods.attribution.score import difference, logit, loss
from foodviz.models import Classifier, fast, load

pytestmark = pytest.mark.usefixtures("float64")


def zennit(net, images, targets, canonizer=SequentialMergeBatchNorm):
    """(N, 3, H, W): zennit's relevance, which starts as 1, times the logit."""
    net = copy.deepcopy(net)
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    logits = net(images)
    start = torch.eye(logits.shape[1])[targets] * logits
    with Gradient(net, EpsilonPlusFlat(canonizers=[canonizer()])) as attributor:
        return attributor(images.clone().requires_grad_(), start)[1].detach()


def lively(net):
    """Norms that do something; with a tiny eps, as zennit's merged norms go on dividing by the root of 1 + eps."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-12
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
    return net.eval().requires_grad_(False)


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6 * float(theirs.abs().max()))


def test_lrp_of_a_small_stack_is_zennits(cnn, images, targets):
    cnn = lively(cnn)
    ours = attribute(cnn, images, targets)
    assert ours.unit == "logit"
    close(ours.values, zennit(cnn, images, targets))
    sums, logits = ours.values.sum((1, 2, 3)), logit(cnn(images), targets)
    torch.testing.assert_close(ours.checks["conservation_gap"], ((sums - logits) / logits).abs())


@pytest.mark.parametrize(
    ("name", "canonizer"),
    [
        ("vgg11_bn", SequentialMergeBatchNorm),
        ("resnet18", ResNetCanonizer),
        ("resnet50", ResNetCanonizer),
    ],
)
def test_lrp_of_torchvisions_nets_is_zennits(name, canonizer):
    net = models.get_model(name, weights=None, num_classes=7, **({"init_weights": False} if "vgg" in name else {}))
    if "vgg" in name:  # its own head holds a gigabyte
        net.avgpool = nn.AdaptiveAvgPool2d(1)
        net.classifier = nn.Sequential(nn.Linear(512, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 7))
    net = lively(net)
    images, targets = torch.rand(2, 3, 64, 64), torch.tensor([2, 5])
    close(attribute(net, images, targets).values, zennit(net, images, targets, canonizer))


def test_the_normalisation_of_the_pixels_passes_relevance_on(cnn, images, targets):
    cnn = lively(cnn)
    classifier = Classifier(cnn, [*"abcde"], mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), bgr=True).double()
    ours = attribute(classifier, images, targets).values
    close(ours, zennit(cnn, classifier.normalised(images), targets).flip(1))


def test_a_fast_copy_has_the_same_relevance():
    """Its norms are folded and its ReLUs run behind the pools."""
    plain = load().double()
    images, targets = torch.rand(2, 3, 64, 64), torch.tensor([2, 5])
    close(attribute(fast(plain), images, targets).values, attribute(plain, images, targets).values)


class Own(nn.Module):
    """A residual block in functions, with sums, a norm of its own and a pool of another kind."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 6, 1)
        self.fc = nn.Linear(12, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        images = (images - 0.5) / 0.25
        maps = functional.relu(self.first(images))
        other = functional.relu(self.second(maps), inplace=True)
        maps = functional.relu(self.third(other) + maps)
        maps = torch.cat([maps, functional.leaky_relu(other, 0.1)], 1)
        return self.fc(functional.dropout(maps.mean((2, 3)), 0.5, self.training))


class Same(nn.Module):
    """The same net as zennit wants it."""

    def __init__(self, net: Own) -> None:
        super().__init__()
        self.net, self.pool = net, nn.AdaptiveAvgPool2d(1)
        self.relus = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.LeakyReLU(0.1)])
        self.sum = Sum()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.relus[0](self.net.first(images))
        other = self.relus[1](self.net.second(maps))
        maps = self.relus[2](self.sum(torch.stack([self.net.third(other), maps], -1)))
        return self.net.fc(self.pool(torch.cat([maps, self.relus[3](other)], 1)).flatten(1))


def test_lrp_follows_functions_that_a_forward_calls_itself(images, targets):
    net = Own().requires_grad_(False)
    ours = attribute(net, images, targets)
    close(ours.values, zennit(Same(net), (images - 0.5) / 0.25, targets))
    assert net.training  # dropout was off all the same


@pytest.mark.parametrize("pool", [nn.AdaptiveMaxPool2d(1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(3), nn.MaxPool2d(3)])
def test_pools_are_zennits(images, targets, pool):
    net = nn.Sequential(nn.Conv2d(3, 4, 5), nn.ReLU(), pool, nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 5))
    net(images)
    close(attribute(net, images, targets).values, zennit(net, images, targets))


def test_without_biases_nothing_is_lost(images, targets):
    layers = [nn.Conv2d(3, 8, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, bias=False), nn.ReLU()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5, bias=False))
    ours = attribute(net, images, targets)
    assert (ours.checks["conservation_gap"] < 1e-3).all()
    torch.testing.assert_close(ours.values.sum((1, 2, 3)), logit(net(images), targets), rtol=1e-3, atol=0)


def test_a_difference_is_the_difference_and_a_loss_its_first_order(cnn, images, targets):
    other = (targets + 1) % 5
    both = [attribute(cnn, images, each).values for each in (targets, other)]
    close(attribute(cnn, images, torch.stack([targets, other], 1), score=difference).values, both[0] - both[1])
    slopes = cnn(images).softmax(1) - torch.eye(5)[targets]
    every = [attribute(cnn, images, torch.full_like(targets, target)).values for target in range(5)]
    whole = sum(slopes[:, target, None, None, None] * each for target, each in enumerate(every))
    close(attribute(cnn, images, targets, score=loss).values, whole)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (nn.GELU, "gelu in 1 (GELU)"),
        (nn.SiLU, "silu in 1 (SiLU)"),
        (partial(nn.LayerNorm, 24), "layer_norm in 1 (LayerNorm)"),
        (partial(nn.MultiheadAttention, 24, 2), "multi_head_attention_forward in 1.layer (MultiheadAttention)"),
    ],
)
def test_layers_without_a_rule_are_named(images, targets, layer, name):
    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer()

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return self.layer(*[maps[:, 0]] * 3)[0]

    middle = Attends() if "Multihead" in name else layer()
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), middle, nn.Flatten(), nn.LazyLinear(5))
    net(images)
    net.train().requires_grad_(False)
    with pytest.raises(InputError) as refused:
        attribute(net, images, targets)
    assert name in str(refused.value)
    assert "convolutions" in str(refused.value)
    assert net.training
    assert all(not each._forward_hooks and not each._forward_pre_hooks for each in net.modules())


def test_a_net_that_cannot_be_followed_is_refused(images, targets):
    class InPlace(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            torch.relu_(maps)  # what it answers is not used
            return maps

    net = nn.Sequential(nn.Conv2d(3, 4, 3), InPlace(), nn.Flatten(), nn.LazyLinear(5))
    net(images)
    with pytest.raises(InputError, match="in place"):
        attribute(net.requires_grad_(False), images, targets)
    with pytest.raises(InputError, match="no layer of weights"):
        attribute(nn.Flatten(), images, targets)


def test_the_command_draws_it_and_refuses_a_net_that_it_does_not_serve(foodviz, tmp_path):
    torch.set_default_dtype(torch.float32)
    done = foodviz("saliency", "--ids", "57", "--method", "lrp")
    assert done.exit_code == 0, done.stderr
    source = (
        "from torch import nn\nnet = lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.AdaptiveAvgPool2d(1), "
    )
    (tmp_path / "net.py").write_text(source + "nn.Flatten(), nn.Linear(4, 11))\n")
    scope: dict[str, object] = {}
    exec((tmp_path / "net.py").read_text(), scope)
    torch.save(scope["net"]().state_dict(), tmp_path / "net.pth")
    flags = ("--model", "net.pth", "--arch", "net.py:net", "--input-size", "32")
    refused = foodviz("saliency", "--ids", "57", "--method", "lrp", *flags)
    assert refused.exit_code == 1
    assert "LRP has no rule for silu in 1 (SiLU)" in refused.stderr.splitlines()[-1]
