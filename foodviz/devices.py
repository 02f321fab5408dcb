"""Where to compute, and how precisely."""

import torch

from foodviz.errors import InputError


def choose_device(asked: str) -> torch.device:
    """The device of that name; `auto` takes a GPU where there is one.

    Raises:
        InputError: this machine has none of that kind.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available[asked]:
        there = ", ".join(kind for kind, present in available.items() if present)
        raise InputError(f"`device` {asked}: this machine has none that PyTorch can use; there is: {there}")
    return torch.device(asked)


def choose_precision(asked: str, device: torch.device) -> str:
    """The precision of that name; `auto` takes bfloat16 where the processor has instructions for it."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    # Emulated bfloat16 is slower than float32, and torch's public predicate does not tell them apart.
    native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "bfloat16" if device.type == "cpu" and native() else "float32"
