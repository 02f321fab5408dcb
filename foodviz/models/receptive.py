"""How many pixels a value of a map depends on, followed through the modules as they run.

Araujo, Norris, Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks", Distill: each layer widens the
field by (kernel - 1) steps of its input's spacing. The widest path counts. What the forward computes between modules
(additions, concatenations) is taken to depend on the widest maps of that size seen so far.
"""

from typing import Any

from torch import Tensor, nn


class ReceptiveFields:
    """Fields of all tensors of one forward pass, fed module by module from forward hooks.

    Args:
        size: height of the input in pixels.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.known: dict[int, tuple[Tensor, int]] = {}  # by identity; the tensor is held so that the identity stays its

    def after(self, module: nn.Module, entering: Tensor, leaving: Tensor) -> int | None:
        """The field of the module's output in pixels; None for what has no maps."""
        if entering.ndim != 4 or leaving.ndim != 4:
            return None
        if list(module.children()):
            return self.of(leaving)
        spacing = self.size / entering.shape[2]
        field = self.of(entering) + round((_reach(module, entering, leaving) - 1) * spacing)
        self.known[id(leaving)] = leaving, field
        return field

    def of(self, tensor: Tensor) -> int:
        """The field of a tensor: its own where a module made it, else the widest of that size, 1 for the picture."""
        if id(tensor) in self.known:
            return self.known[id(tensor)][1]
        alike = [field for other, field in self.known.values() if other.shape[2:] == tensor.shape[2:]]
        return max(alike, default=1) if self.known else 1


def _reach(module: nn.Module, entering: Tensor, leaving: Tensor) -> int:
    """How many neighbouring values of its input one output value of a module depends on."""
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return -(-entering.shape[2] // leaving.shape[2])
    kernel, dilation = (_first(getattr(module, name, 1)) for name in ("kernel_size", "dilation"))
    return (kernel - 1) * dilation + 1


def _first(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple | list) else value)
