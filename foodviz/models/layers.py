"""Layer names as people type them, resolved once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models.classifier import Classifier


@dataclass(frozen=True)
class Layer:
    """A place inside a network, and the maps it gives for one picture of the classifier's input size."""

    asked: str
    name: str
    kind: str
    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"layer {self.asked} = {self.name} {self.kind}, {self.channels} channels, {self.height}x{self.width}"


def stack_name(network: nn.Module) -> str:
    """Dotted name of the `nn.Sequential` that holds most convolutions directly; "" where none holds any."""
    held = {
        name: sum(isinstance(child, nn.Conv2d) for child in module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Sequential)
    }
    best = max(held, key=lambda name: held[name], default="")
    return best if held.get(best) else ""


def resolve(classifier: Classifier, asked: str) -> Layer:
    """The layer that `15`, `-1`, `cnn.15` or `layer4.1.conv2` means.

    A number is an index in the main convolution stack, negative ones from its end.

    Raises:
        InputError: no such layer, or the forward never reaches it.
    """
    modules = dict(classifier.network.named_modules())
    stack = stack_name(classifier.network)
    name = asked
    if asked.lstrip("-").isdecimal():
        places = [key for key, _ in modules[stack].named_children()]
        place = int(asked)
        if not -len(places) <= place < len(places):
            where = stack or "the network"
            raise InputError(f"--layer {asked}: {where} has the layers 0 to {len(places) - 1}")
        name = f"{stack}.{places[place]}" if stack else places[place]
    if not name or name not in modules:
        raise InputError(f"--layer {asked}: no such layer; {nearest(asked, [key for key in modules if key])}")
    output = probe(classifier, modules[name])
    channels, height, width = (*output.shape[1:], 1, 1)[:3]
    return Layer(asked, name, type(modules[name]).__name__, channels, height, width)


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


@torch.inference_mode()
def last_maps(classifier: Classifier) -> Layer:
    """Where Grad-CAM looks when not told: the last module whose maps are as large as the last convolution's.

    After a convolution's norm and activation, before the pool that shrinks its maps; for a residual net its last block.
    """
    ran: list[tuple[str, nn.Module, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda module, _inputs, output, name=name: ran.append((name, module, output)))
        for name, module in classifier.network.named_modules()
        if name
    ]
    try:
        classifier(torch.full((1, 3, *classifier.input_size), 0.5, device=classifier.mean.device))
    finally:
        for handle in handles:
            handle.remove()
    maps = [entry for entry in ran if isinstance(entry[2], Tensor) and entry[2].ndim == 4]
    convolutions = [output.shape[2:] for _, module, output in maps if isinstance(module, nn.Conv2d)]
    if not convolutions:
        raise InputError("the network has no convolution to look at; name a layer with maps (--layer)")
    names = [name for name, _, _ in ran]
    name, module, output = [
        entry for entry in maps if entry[2].shape[2:] == convolutions[-1] and names.count(entry[0]) == 1
    ][-1]
    channels, height, width = output.shape[1:]
    return Layer("chosen", name, type(module).__name__, channels, height, width)
