"""Whether a network runs at all, and what it answers: on grey and noise, looked at layer by layer as it computes."""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.hooks import Intercepted, function_name
from foodviz.models.answers import Answers, read
from foodviz.models.preprocessing import Size
from foodviz.printable import printable

# Of one picture: values that one layer answers, and products that all layers take. A VGG of 19 layers has 67 million
# and 4 * 10^11 for a picture of 1024 x 1024.
MOST_VALUES, MOST_PRODUCTS = 2**27, 10**12
_TOLD = ("softmax", "log_softmax", "sigmoid", "linear")  # functions whose answers are looked for in the network's


def first_look(network: nn.Module, size: Size) -> tuple[Answers, int]:
    """How logits lie in what the network answers to pictures of that height and width, and of how many classes.

    Raises:
        InputError: it does not run, asks for more memory or time than a classifier needs, or answers no finite logits.
    """
    channels = channels_of(network)
    noise = torch.rand(channels, *size, generator=torch.Generator().manual_seed(0))
    images = torch.stack([noise, noise, torch.full_like(noise, 0.5)])
    made_by: dict[int, str] = {}
    kept = []  # so that no tensor takes the memory of one that is gone

    def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = function(*args, **kwargs)
        name = function_name(function)
        if name in _TOLD and isinstance(result, Tensor) and result.ndim <= 2:
            made_by.pop(result.data_ptr(), None)
            made_by[result.data_ptr()] = name
            kept.append(result)
        return result

    with Intercepted(answer):
        output = _answer(network, images)
    return read(output, len(images), made_by, channels == 1)


def channels_of(network: nn.Module) -> int:
    """Of the pictures that the network takes: 1 where a convolution takes one channel and none takes three."""
    entering = {module.in_channels for module in network.modules() if isinstance(module, nn.Conv2d)}
    return 1 if 1 in entering and 3 not in entering else 3


def takes(network: nn.Module, size: Size) -> bool:
    """Whether the network runs on pictures of that height and width."""
    return not refusal(network, size)


def refusal(network: nn.Module, size: Size) -> str:
    """Why it does not; empty where it does."""
    try:
        _answer(network, torch.full((1, channels_of(network), *size), 0.5))
    except InputError as reason:
        return str(reason)
    return ""


@torch.inference_mode()
def _answer(network: nn.Module, images: Tensor) -> object:
    watch = partial(_watch, {"products": 0})
    handles = [module.register_forward_pre_hook(watch) for module in network.modules()]
    try:
        return network(images)
    except InputError:
        raise
    except Exception as fault:  # of any kind: what layers and a user's own forward say to pictures of this size
        reason = printable(" ".join(str(fault).split())) or type(fault).__name__
        height, width = images.shape[2:]
        raise InputError(
            f"does not run on pictures of {height}x{width} ({reason}); `input_size` HEIGHTxWIDTH says another size"
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
