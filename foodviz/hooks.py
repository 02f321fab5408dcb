"""Borrow a network's inside and give it back as it was, also when the forward raises."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from foodviz.errors import InputError


@contextmanager
def capture(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what `layer` outputs while the block runs; the hook goes away, error or not.

    Outputs are cloned (graph kept): the next layer is often an in-place ReLU that overwrites them.
    """
    outputs: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _layer, _inputs, output: outputs.append(output.clone()))
    try:
        yield outputs
    finally:
        handle.remove()


@contextmanager
def detached(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Cut the graph at `layer`: what it outputs becomes a leaf that requires a gradient, and is collected.

    With frozen parameters nothing before the layer records a graph, so a backward pass costs only the part behind it.
    """
    leaves: list[Tensor] = []

    def cut(_layer: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1].clone()  # the next layer may write into what it gets

    handle = layer.register_forward_hook(cut)
    try:
        yield leaves
    finally:
        handle.remove()


class _Reached(Exception):
    """Leaves the forward once the layer has answered."""


def run_to(model: nn.Module, layer: nn.Module, images: Tensor) -> Tensor:
    """What `layer` outputs for `images`; nothing behind it is computed.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits; the layer is anywhere inside.
        images: (N, 3, H, W), RGB in [0, 1].

    Returns:
        The layer's output, usually (N, K, h, w), with its graph where images require a gradient.

    Raises:
        InputError: the forward never came to the layer.
    """
    reached: list[Tensor] = []

    def stop(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
        reached.append(output)
        raise _Reached

    handle = layer.register_forward_hook(stop)
    try:
        model(images)
    except _Reached:
        return reached[0]
    finally:
        handle.remove()
    raise InputError(f"the forward pass never reaches this {type(layer).__name__}; choose a layer that it uses")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; every module gets its own flag back afterwards.

    In training mode maps are random and looking at them would move BatchNorm's running statistics.
    """
    flags = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in flags.items():
            module.training = training


def device_of(model: nn.Module) -> torch.device:
    """Where the model's weights lie; the CPU for a model without any."""
    weight = next(model.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


@contextmanager
def watching(
    modules: Mapping[str, nn.Module], look: Callable[[str, tuple[object, ...], object], None]
) -> Iterator[None]:
    """Have `look` called with name, inputs and output whenever one of the modules has run inside the block."""
    handles = [
        module.register_forward_hook(lambda _module, inputs, output, name=name: look(name, inputs, output))
        for name, module in modules.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Intercepted(TorchFunctionMode):
    """Have `answer` called in place of every function of torch inside the block, modules' own calls among them.

    It sees a ReLU however the network writes it: as a module, once or many times, as a function, in place or not.

    Args:
        answer: the function, its arguments and its keyword arguments -> what it is to return. What `answer` itself
            calls is not intercepted.
    """

    def __init__(self, answer: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]) -> None:
        super().__init__()
        self._answer = answer

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self._answer(func, args, kwargs or {})


def function_name(function: Callable[..., Any]) -> str:
    """The name of a function of torch, whether it works in place or not: `relu` for `relu_`."""
    name: str = getattr(function, "__name__", "")
    return name if name.endswith("__") else name.rstrip("_")


@dataclass(frozen=True)
class Running:
    """A module whose forward runs: its dotted name in the model, itself, and what it was given, in order."""

    name: str
    module: nn.Module
    inputs: tuple[object, ...]

    def __str__(self) -> str:
        name = self.name.removeprefix("network.") or "the network"
        return f"{name} ({type(self.module).__name__})"


@contextmanager
def running(model: nn.Module) -> Iterator[list[Running]]:
    """The modules whose forward runs at the moment, outermost first."""
    stack: list[Running] = []
    handles = []

    def left(_module: nn.Module, _inputs: object, _output: object) -> None:
        stack.pop()

    for name, module in model.named_modules():
        handles += [
            module.register_forward_pre_hook(lambda own, inputs, name=name: stack.append(Running(name, own, inputs))),
            module.register_forward_hook(left),
        ]
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()
