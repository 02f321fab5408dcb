"""The fast classifier does less work for the same answer, and leaves the one it is made of alone."""

import threading

import pytest
import torch
from torch import nn

from foodviz.hooks import run_to
from foodviz.models import Classifier, channels_last, fast, resolve
from foodviz.models.architectures import build

pytestmark = pytest.mark.usefixtures("float64")


def wake_norms(network: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
    return network


def classifier(name: str) -> Classifier:
    torch.manual_seed(2)
    return Classifier(wake_norms(build(name, 5)), "abcde", (64, 64), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.25))


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize("name", ["vgg16_bn-slim", "torchvision:resnet18", "torchvision:mobilenet_v2"])
def test_logits_stay_and_all_norms_go(name):
    model, pixels = classifier(name), torch.rand(2, 3, 64, 64)
    before, quick = model(pixels), fast(model)
    assert norms(quick) == 0
    torch.testing.assert_close(quick(pixels), before)


def test_names_stay_and_the_norms_place_answers_as_the_norm_did():
    model, pixels = classifier("vgg16_bn-slim"), torch.rand(1, 3, 64, 64)
    names = [name for name, _ in model.named_modules()]
    before, quick = run_to(model, model.network.cnn[15], pixels), fast(model)
    assert [name for name, _ in quick.named_modules()] == names
    torch.testing.assert_close(run_to(quick, quick.network.cnn[15], pixels), before)


def test_a_convolution_looked_at_keeps_its_norm():
    model, pixels = classifier("vgg16_bn-slim"), torch.rand(1, 3, 64, 64)
    layer = resolve(model, "cnn.34")
    before, quick = run_to(model, layer.module, pixels), fast(model, layer)
    assert norms(quick) == 1
    torch.testing.assert_close(run_to(quick, layer.of(quick).module, pixels), before)


def test_a_block_looked_at_keeps_what_follows_outside_of_it():
    class Blocks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3))
            self.second = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU())
            self.third = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 4))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.third(self.second(self.first(images)))

    pixels = torch.rand(2, 3, 16, 16)
    for name, left in (("first", 1), ("second", 0), ("third", 0)):
        model = Classifier(wake_norms(Blocks()), "abcd", (16, 16))
        layer = resolve(model, name)
        before, quick = run_to(model, layer.module, pixels), fast(model, layer)
        assert norms(quick) == left
        after = run_to(quick, layer.of(quick).module, pixels)
        torch.testing.assert_close(after, before)


def test_a_convolution_read_twice_is_left_alone():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps = self.conv(images)
            return (self.norm(maps) + maps).mean((2, 3))

    model = Classifier(wake_norms(Twice()), "abcd", (16, 16))
    pixels = torch.rand(2, 3, 16, 16)
    quick = fast(model)
    assert norms(quick) == 1
    torch.testing.assert_close(quick(pixels), model(pixels))


def test_a_relu_runs_behind_its_pool_unless_it_is_looked_at():
    model, pixels = classifier("vgg16_bn-slim"), torch.rand(2, 3, 64, 64, requires_grad=True)
    relus = [f"cnn.{index}" for index, layer in enumerate(model.network.cnn) if isinstance(layer, nn.ReLU)]
    swapped = fast(model, [resolve(model, name) for name in ("cnn.5", "cnn.23")])  # a ReLU, and a pool
    moved = [name for name in relus if not isinstance(swapped.network.get_submodule(name), nn.ReLU)]
    assert moved == ["cnn.12", "cnn.22", "cnn.32", "cnn.42"]
    plain = fast(model, [resolve(model, name) for name in relus])
    for layer in ("cnn.5", "cnn.6", "cnn.13", "cnn.23", "cnn.43"):
        ours, theirs = (run_to(one, one.network.get_submodule(layer), pixels) for one in (swapped, plain))
        assert torch.equal(ours, theirs)
    ours, theirs = (torch.autograd.grad(one(pixels)[:, 1].sum(), pixels)[0] for one in (swapped, plain))
    assert torch.equal(ours, theirs)


class Stem(nn.Module):
    """A convolution, a ReLU and a pool, joined by `run`."""

    def __init__(self, run, *, inplace=False, pool=None, twice=False) -> None:
        super().__init__()
        self.conv, self.relu, self.pool = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace), pool or nn.MaxPool2d(2)
        self.down, self.run = nn.Conv2d(4, 4, 2, 2), run
        if twice:
            self.other = nn.Sequential(self.relu)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.run(self, self.conv(images)).mean((2, 3))


def plainly(net, maps):
    return net.pool(net.relu(maps))


def read_by_a_layer(net, maps):
    maps = net.relu(maps)
    return net.pool(maps) + net.down(maps)


def read_by_the_forward(net, maps):
    maps = net.relu(maps)
    return torch.cat([net.pool(maps), maps[..., ::2, ::2]], 1)[:, 2:6]


def read_for_bright_pictures_alone(net, maps):
    maps = net.relu(maps)
    return net.pool(maps) + (maps.mean((1, 2, 3), keepdim=True) - 5).relu()


def read_before(net, maps):
    return net.pool(net.relu(maps)) + net.down(maps)  # in place: read behind it


def first_of_two(net, maps):
    return net.pool(net.relu(maps))[0]


@pytest.mark.parametrize(
    ("stem", "moves"),
    [
        (lambda: Stem(plainly), True),
        (lambda: Stem(plainly, inplace=True), True),
        (lambda: Stem(plainly, twice=True), False),
        (lambda: Stem(plainly, pool=nn.MaxPool2d(3, 1, 1)), False),
        (lambda: Stem(first_of_two, pool=nn.MaxPool2d(2, return_indices=True)), False),
        (lambda: Stem(read_by_a_layer), False),
        (lambda: Stem(read_by_a_layer, inplace=True), False),
        (lambda: Stem(read_by_the_forward), False),
        (lambda: Stem(read_by_the_forward, inplace=True), False),
        (lambda: Stem(read_for_bright_pictures_alone), False),
        (lambda: Stem(read_before), True),
        (lambda: Stem(read_before, inplace=True), False),
    ],
)
def test_a_relu_moves_only_where_the_pool_alone_reads_it(stem, moves):
    torch.manual_seed(4)
    model = Classifier(stem(), "abcd", (16, 16))
    pixels = torch.rand(2, 3, 16, 16) * torch.tensor([1.0, 40.0]).view(2, 1, 1, 1)
    quick = fast(model)
    assert isinstance(quick.network.relu, nn.MaxPool2d) is moves
    torch.testing.assert_close(quick(pixels), model(pixels))


def everything(model: nn.Module) -> list[tuple[object, ...]]:
    """What a change of a model would change: modules, tensors, where they lie and how, flags, hooks."""
    modules = [
        (name, module, module.training, *module._forward_hooks.values(), *module._parameters, *module._modules)
        for name, module in model.named_modules(remove_duplicate=False)
    ]
    tensors = [
        (name, id(each), each.data_ptr(), each.stride(), each.requires_grad, each.double().sum().item())
        for name, each in (*model.named_parameters(), *model.named_buffers())
    ]
    return [*modules, *tensors]


@pytest.mark.parametrize("name", ["vgg16_bn-slim", "torchvision:resnet18"])
def test_the_classifier_given_is_left_as_it_was(name):
    model, pixels = classifier(name), torch.rand(2, 3, 64, 64)
    model.network.requires_grad_(True)
    calls: list[object] = []
    handle = next(iter(model.network.children())).register_forward_hook(lambda *_: calls.append(1))
    before, logits = everything(model), model(pixels)
    quick = fast(model)
    assert everything(model) == before
    assert torch.equal(model(pixels), logits)
    assert not any(parameter.requires_grad for parameter in quick.parameters())
    handle.remove()


def test_the_order_of_calls_is_of_no_effect():
    model, pixels = classifier("vgg16_bn-slim"), torch.rand(2, 3, 64, 64)
    layer = resolve(model, "15")
    first = fast(model, layer)
    fast(model)
    again = fast(model, layer)
    assert torch.equal(first(pixels), again(pixels))
    assert torch.equal(first(pixels), fast(model, layer)(pixels))
    torch.testing.assert_close(fast(fast(model))(pixels), first(pixels))


def test_unchanged_weights_are_shared():
    model = classifier("vgg16_bn-slim")
    quick = fast(model)
    assert quick.network.fc[1].weight.data_ptr() == model.network.fc[1].weight.data_ptr()
    assert quick.origin is model.origin
    assert quick.identity == model.identity
    assert channels_last(model).network.cnn[0].weight.stride() != model.network.cnn[0].weight.stride()


def test_a_network_that_cannot_be_copied_is_shared():
    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.lock = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), threading.Lock()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.norm(self.conv(images)).mean((2, 3))

    model = Classifier(wake_norms(Holds()), "abcd", (16, 16))
    quick = fast(model)
    assert quick is not model
    assert quick.network is model.network
    assert norms(model) == 1
    assert channels_last(model).network is model.network
