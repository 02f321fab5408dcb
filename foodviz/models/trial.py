"""Whether a network runs at all: on one grey picture, looked at layer by layer before each computes."""

from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.printable import printable

# Of one picture: values that one layer answers, and products that all layers take. A VGG of 19 layers has 67 million
# and 4 * 10^11 for a picture of 1024 x 1024.
MOST_VALUES, MOST_PRODUCTS = 2**27, 10**12


def class_count(network: nn.Module, size: tuple[int, int]) -> int:
    """How many logits the network answers to a picture of that height and width.

    Raises:
        InputError: it does not run, asks for more memory or time than a classifier needs, or answers no finite logits.
    """
    logits = _answer(network, size)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != 1 or not logits.shape[1]:
        what = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
        raise InputError(f"answers one picture with {what}, not with the logits of its classes")
    if not logits.isfinite().all():
        raise InputError("answers a grey picture with values that are not finite numbers")
    return logits.shape[1]


def takes(network: nn.Module, size: int) -> bool:
    """Whether the network runs on pictures of that height and width."""
    try:
        return isinstance(_answer(network, (size, size)), Tensor)
    except InputError:
        return False


@torch.inference_mode()
def _answer(network: nn.Module, size: tuple[int, int]) -> object:
    watch = partial(_watch, {"products": 0})
    handles = [module.register_forward_pre_hook(watch) for module in network.modules()]
    try:
        return network(torch.full((1, 3, *size), 0.5))
    except InputError:
        raise
    except Exception as fault:  # of any kind: what layers and a user's own forward say to pictures of this size
        reason = printable(" ".join(str(fault).split())) or type(fault).__name__
        raise InputError(
            f"does not run on pictures of {size[0]}x{size[1]} ({reason}); `input_size` says another size"
        ) from fault
    finally:
        for handle in handles:
            handle.remove()


def _watch(spent: dict[str, int], module: nn.Module, inputs: tuple[object, ...]) -> None:
    """Refuse a layer that would fill the memory or take minutes, before it does."""
    if not inputs or not isinstance(inputs[0], Tensor) or inputs[0].ndim != 4:
        return
    values, products = _cost(module, inputs[0].shape)
    spent["products"] += products
    if values > MOST_VALUES or spent["products"] > MOST_PRODUCTS:
        raise InputError(
            f"asks for more than a classifier of pictures needs: a {type(module).__name__} would give {values:.1e} "
            f"values, and the layers up to it take {spent['products']:.1e} products"
        )


def _cost(module: nn.Module, entering: torch.Size) -> tuple[int, int]:
    """Values that a layer gives for maps of shape (N, K, h, w), and the products that takes; 0 where neither grows."""
    if isinstance(module, nn.Conv2d):
        sides = [
            (side + 2 * _padding(module, axis) - module.dilation[axis] * (module.kernel_size[axis] - 1) - 1)
            // module.stride[axis]
            + 1
            for axis, side in enumerate(entering[2:])
        ]
        positions = prod(max(side, 0) for side in sides)
        return positions * module.out_channels, positions * module.weight.numel()
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        size = module.output_size if isinstance(module.output_size, tuple) else (module.output_size,) * 2
        return entering[1] * prod(side or entering[2 + axis] for axis, side in enumerate(size)), 0
    return 0, 0


def _padding(convolution: nn.Conv2d, axis: int) -> int:
    padding: tuple[int, ...] | str = convolution.padding
    if isinstance(padding, tuple):
        return padding[axis]
    return convolution.dilation[axis] * convolution.kernel_size[axis] // 2 if padding == "same" else 0
