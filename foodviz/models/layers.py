"""Layer names as people type them, resolved once, and the table of all layers."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models.classifier import Classifier
from foodviz.models.receptive import ReceptiveFields

# What people mistake for a filter's layer, in words.
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.modules.instancenorm._InstanceNorm)
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.LPPool2d, nn.FractionalMaxPool2d)
_DROPOUTS = (nn.modules.dropout._DropoutNd,)


@dataclass(frozen=True)
class Layer:
    """A place inside a network, and the maps it gives for one picture of the classifier's input size.

    Attributes:
        asked: what the user typed.
        name: dotted name in the classifier's network.
        kind: the module's class.
        remark: for a norm, a pool or a dropout: that it is one, and after which convolution.
    """

    asked: str
    name: str
    kind: str
    channels: int
    height: int
    width: int
    remark: str = ""

    def __str__(self) -> str:
        size = f"{self.channels} channels, {self.height}x{self.width}"
        return f"layer {self.asked} = {self.name} {self.kind}, {size}" + (f" ({self.remark})" if self.remark else "")


@dataclass(frozen=True)
class Place:
    """A module as it ran for one picture.

    Attributes:
        index: the number people call it by; None where it has none.
        name: dotted name in the network.
        shape: of its first output, without the batch.
        receptive_field: pixels in each direction that one value of its maps depends on; None without maps.
        runs: how often the forward calls it.
    """

    index: int | None
    name: str
    module: nn.Module
    shape: tuple[int, ...]
    receptive_field: int | None
    runs: int

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.module.parameters())


def stack_name(network: nn.Module) -> str | None:
    """Dotted name of the innermost `nn.Sequential` that holds most of the convolutions, "" for the network itself.

    None where no Sequential holds more than half of them, as in residual nets.
    """
    every = _convolutions(network)
    best = None
    for name, module in network.named_modules():  # outer ones come first
        if isinstance(module, nn.Sequential) and _convolutions(module) * 2 > every:
            best = name if best is None or _convolutions(module) == _convolutions(network.get_submodule(best)) else best
    return best


def _convolutions(module: nn.Module) -> int:
    return sum(isinstance(each, nn.Conv2d) for each in module.modules())


@torch.inference_mode()
def survey(classifier: Classifier) -> list[Place]:
    """Every module that the forward runs, in the order they finish, from one grey picture of the input size.

    Numbered are the children of the main convolution stack; without one, the modules without children as they run.
    """
    fields = ReceptiveFields(classifier.input_size[0])
    ran: dict[str, tuple[nn.Module, Tensor, int | None]] = {}
    runs: dict[str, int] = {}

    def seen(name: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if isinstance(output, Tensor) and inputs and isinstance(inputs[0], Tensor):
            field = fields.after(module, inputs[0], output)
            runs[name] = runs.get(name, 0) + 1
            ran.setdefault(name, (module, output, field))

    handles = [
        module.register_forward_hook(lambda module, inputs, output, name=name: seen(name, module, inputs, output))
        for name, module in classifier.network.named_modules()
        if name
    ]
    try:
        classifier(torch.full((1, 3, *classifier.input_size), 0.5, device=classifier.mean.device))
    finally:
        for handle in handles:
            handle.remove()
    numbers = _numbers(classifier.network, list(ran))
    return [
        Place(numbers.get(name), name, module, tuple(output.shape[1:]), field, runs[name])
        for name, (module, output, field) in ran.items()
    ]


def _numbers(network: nn.Module, ran: list[str]) -> dict[str, int]:
    stack = stack_name(network)
    if stack is None:
        leaves = [name for name in ran if not list(network.get_submodule(name).children())]
        return {name: number for number, name in enumerate(leaves)}
    children = [name for name, _ in network.get_submodule(stack).named_children()]
    return {f"{stack}.{child}" if stack else child: number for number, child in enumerate(children)}


def resolve(classifier: Classifier, asked: str) -> Layer:
    """The layer that `15`, `-1`, `cnn.15` or `layer4.1.conv2` means.

    A number is an index in the main convolution stack or, without one, in the order of execution; negative ones count
    from the end.

    Raises:
        InputError: no such layer, or the forward never reaches it.
    """
    places = {place.name: place for place in survey(classifier)}
    modules = dict(classifier.network.named_modules())
    name = asked
    if asked.lstrip("-").isdecimal():
        stack = stack_name(classifier.network)
        by_number = {number: name for name, number in _numbers(classifier.network, list(places)).items()}
        last = max(by_number, default=-1)
        number = int(asked) if int(asked) >= 0 else last + 1 + int(asked)
        if number not in by_number:
            where = stack or ("the network" if stack == "" else "the network, in the order they run,")
            raise InputError(f"--layer {asked}: {where} has the layers 0 to {last}; dotted names work, too")
        name = by_number[number]
    if not name or name not in modules:
        raise InputError(f"--layer {asked}: no such layer; {nearest(asked, [key for key in modules if key])}")
    if name not in places:
        raise InputError(
            f"--layer {asked}: the forward pass never reaches {name} ({type(modules[name]).__name__}), or it gives no "
            "tensor; choose a layer that it uses"
        )
    return _layer(asked, places[name], list(places.values()))


def _layer(asked: str, place: Place, places: list[Place]) -> Layer:
    channels, height, width = (*place.shape, 1, 1)[:3]
    return Layer(asked, place.name, type(place.module).__name__, channels, height, width, remark(place, places))


def remark(place: Place, places: list[Place]) -> str:
    """That a norm, a pool or a dropout is one, and after which convolution it stands; empty for anything else."""
    sorts = (("norm", _NORMS), ("pool", _POOLS), ("dropout", _DROPOUTS))
    what = next((word for word, kinds in sorts if isinstance(place.module, kinds)), "")
    if not what:
        return ""
    before = [each.name for each in places[: places.index(place)] if isinstance(each.module, nn.Conv2d)]
    return f"a {what} after the convolution {before[-1]}" if before and len(place.shape) == 3 else f"a {what}"


@torch.inference_mode()
def probe(classifier: Classifier, module: nn.Module) -> Tensor:
    """What `module` outputs for one grey picture."""
    outputs: list[Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        classifier(torch.full((1, 3, *classifier.input_size), 0.5, device=classifier.mean.device))
    finally:
        handle.remove()
    if not outputs:
        raise InputError(f"the forward pass never reaches this {type(module).__name__}; choose a layer that it uses")
    return outputs[0]


def last_maps(classifier: Classifier) -> Layer:
    """Where Grad-CAM looks when not told: the last module whose maps are as large as the last convolution's.

    After a convolution's norm and activation, before the pool that shrinks its maps; for a residual net its last block.
    """
    places = survey(classifier)
    maps = [place for place in places if len(place.shape) == 3]
    convolutions = [place.shape[1:] for place in maps if isinstance(place.module, nn.Conv2d)]
    if not convolutions:
        raise InputError("the network has no convolution to look at; name a layer with maps (--layer)")
    place = [each for each in maps if each.shape[1:] == convolutions[-1] and each.runs == 1][-1]
    return _layer("of the last maps", place, places)
