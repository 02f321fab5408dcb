"""DeepLIFT against captum on twins of modules, against the rule by hand, and its sum against the rise of the score."""

import copy

import pytest
import torch
from captum.attr import DeepLift
from torch import nn
from torch.nn import functional
from torchvision.models import resnet18

from foodviz.errors import InputError
from foodviz.methods.attribution.deeplift import attribute
from foodviz.methods.attribution.score import difference, logit, loss, probability

pytestmark = [pytest.mark.usefixtures("float64"), pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")]


class Copied(nn.Module):
    """Between a ReLU and its pool: captum up to 0.9 hands the ReLU a gradient from before the pool's rule (#1104)."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.clone()


def twin_of(layers: nn.Sequential) -> nn.Sequential:
    copies = [copy.deepcopy(layer) for layer in layers]
    for layer in copies:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    return nn.Sequential(*[each for layer in copies for each in (layer, Copied())])


def captums(model, images, targets, baseline=0.0):
    black = torch.full_like(images, baseline)
    return DeepLift(model).attribute(images.clone().requires_grad_(), black, targets).detach()


@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_deeplift_is_captums(cnn, images, targets, baseline):
    ours = attribute(cnn, images, targets, baseline=baseline)
    torch.testing.assert_close(ours.values, captums(twin_of(cnn), images, targets, baseline))
    assert ours.unit == "logit"
    assert (ours.checks["completeness_gap"] < 1e-9).all()
    assert ours.remarks == ("The sums miss the rise of the score by at most 0.0%.",)


@pytest.mark.parametrize(
    "activation", [nn.ELU(), nn.LeakyReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.ReLU()], ids=str
)
def test_every_activation_and_average_pool_of_captum_is_captums(cnn, images, targets, activation):
    layers = [copy.deepcopy(activation) if isinstance(each, nn.ReLU) else each for each in cnn]
    layers[3] = nn.AvgPool2d(2)
    net = nn.Sequential(*layers)
    torch.testing.assert_close(attribute(net, images, targets).values, captums(twin_of(net), images, targets))


class Residual(nn.Module):
    """Two branches and a sum, with ReLUs from `relu`, in place where they may be."""

    def __init__(self, cnn, relus):
        super().__init__()
        self.layers, self.relus = cnn, nn.ModuleList(relus)
        self.copied = Copied() if relus else nn.Identity()

    def relu(self, place, values):
        return self.relus[place](values) if len(self.relus) else functional.relu(values, inplace=place == 0)

    def forward(self, images):
        values = self.copied(self.relu(0, self.layers[1](self.layers[0](images))))
        values = self.layers[3](values)
        left = self.relu(1, self.layers[5](self.layers[4](values)))
        joined = torch.cat([left[:, :8] + values, left[:, 8:]], 1)
        return self.layers[7:](self.relu(2, joined - 0.2))


def test_functional_relus_of_a_residual_net_are_captums_of_modules(cnn, images, targets):
    modules = Residual(cnn, [nn.ReLU(), nn.ReLU(), nn.ReLU()])
    ours = attribute(Residual(cnn, []), images, targets)
    torch.testing.assert_close(ours.values, captums(modules, images, targets))
    reused = nn.ReLU(inplace=True)
    again = attribute(Residual(cnn, [reused, reused, reused]), images, targets)
    torch.testing.assert_close(again.values, ours.values)


@pytest.mark.parametrize("score", [logit, probability, loss, difference])
def test_of_a_residual_net_the_sums_are_the_rise_of_every_score(images, targets, score):
    """torchvision's: ReLUs in place and used twice, pool windows that overlap."""
    net = resnet18(num_classes=5).eval().requires_grad_(False)
    which = torch.stack([targets, (targets + 1) % 5], 1) if score is difference else targets
    ours = attribute(net, images, which, score=score)
    rise = score(net(images), which) - score(net(torch.zeros_like(images)), which)
    torch.testing.assert_close(ours.values.sum((1, 2, 3)), rise)
    assert len(ours.remarks) == 1


def by_hand(pool, images, targets, weights):
    """The rule for one pool: a window's rise goes where it is largest now, its fall to where it was largest."""
    answers = torch.zeros_like(images)
    for number, target in enumerate(targets.tolist()):
        image, black, at = images[number].flatten(1), torch.zeros(3, images[0, 0].numel()), pool(images[number])[1]
        was = pool(torch.zeros_like(images[number]))[1]
        for colour in range(3):
            for window, (now, before) in enumerate(zip(at[colour].flatten(), was[colour].flatten(), strict=True)):
                rise = image[colour, now] - black[colour, before]
                place = now if rise > 0 else before
                answers[number].flatten(1)[colour, place] += rise * weights[target].view(3, -1)[colour, window]
    return answers


@pytest.mark.parametrize("shape", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}])
def test_a_pool_hands_its_rise_and_its_fall_on(images, targets, shape):
    pool = nn.MaxPool2d(**shape, return_indices=True)
    head = nn.Linear(3 * 144, 5, bias=False).requires_grad_(False)
    net = nn.Sequential(nn.MaxPool2d(**shape), nn.Flatten(), head)
    signed = images - 0.5  # so that some windows fall
    torch.testing.assert_close(attribute(net, signed, targets).values, by_hand(pool, signed, targets, head.weight))


@pytest.mark.parametrize("largest", [nn.AdaptiveMaxPool2d(1), lambda maps: maps.amax((2, 3), keepdim=True)])
def test_other_maxima_have_the_rule_too(cnn, images, targets, largest):
    class Net(nn.Module):
        def forward(self, values):
            return cnn[10](functional.pad(largest(cnn[:7](values)).flatten(1), (0, 36)))

    ours = attribute(Net(), images, targets)
    assert (ours.checks["completeness_gap"] < 1e-9).all()
    assert len(ours.remarks) == 1


def test_steps_without_a_rule_are_named(cnn, images, targets):
    class Odd(nn.Module):
        def forward(self, values):
            maps = cnn[:7](values)
            maps = maps * maps.mean((2, 3), keepdim=True).sigmoid()
            return functional.layer_norm(cnn[7:](maps), (5,)) / 2

    ours = attribute(Odd(), images, targets)
    assert ours.remarks[1] == "Without a rule, taken as gradients: layer norm, mul."
    assert (ours.checks["completeness_gap"] > 1e-3).all()


def test_where_nothing_rises_the_slope_stands(images, targets):
    """A picture that is black itself: all values are 0, none is infinite."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(484, 5))
    black = attribute(net.requires_grad_(False), torch.zeros_like(images), targets)
    assert (black.values == 0).all()
    assert (black.checks["completeness_gap"] == 0).all()


@pytest.mark.parametrize("more_for_the_plain", [False, True])
def test_a_net_that_goes_other_ways_for_the_plain_picture_is_refused(cnn, images, targets, more_for_the_plain):
    class Fickle(nn.Module):
        def forward(self, values):
            logits = cnn(values)
            return logits.relu() if bool(values.sum() > 0) != more_for_the_plain else logits

    with pytest.raises(InputError, match="other steps for a plain picture"):
        attribute(Fickle(), images, targets)


def test_nothing_stays_when_the_forward_raises(cnn, images, targets):
    class Broken(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("broken")

    model = nn.Sequential(*cnn[:7], Broken()).train()
    with pytest.raises(RuntimeError, match="broken"):
        attribute(model, images, targets)
    assert model.training
    assert torch.relu(torch.ones(1, requires_grad=True)).grad_fn.name() == "ReluBackward0"


def test_the_command_draws_it_and_refuses_another_method_s_option(foodviz):
    done = foodviz("saliency", "--ids", "57", "--method", "deeplift")
    assert done.exit_code == 0, done.stderr
    refused = foodviz("saliency", "--ids", "57", "--method", "deeplift", "--steps", "3")
    assert refused.exit_code == 2
    assert "--steps belongs to --method integrated-gradients, not to deeplift" in refused.stderr
