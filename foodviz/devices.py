"""Where to compute, and how precisely."""

import os
from collections.abc import Callable

import torch

from foodviz.distributed import place_on_machine
from foodviz.errors import InputError


def choose_device(requested: str) -> torch.device:
    """The device of that name; `auto` takes a GPU where there is one, each of torchrun's processes another.

    Raises:
        InputError: this machine has none of that kind.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if requested == "auto":
        requested = next(kind for kind, there in available.items() if there)
    if not available.get(requested):
        there = ", ".join(kind for kind, present in available.items() if present)
        raise InputError(f"`device` {requested}: this machine has none that PyTorch can use; there is: {there}")
    if requested == "cuda" and (place := place_on_machine()) is not None:
        return torch.device("cuda", place % torch.cuda.device_count())
    return torch.device(requested)


def choose_precision(requested: str, device: torch.device, say: Callable[[str], None]) -> str:
    """`float32` or `bfloat16`: what is requested, as far as the device has units for it; `auto` is bfloat16 there.

    Args:
        requested: `auto`, `float32`, `bfloat16` or its short name `bf16`.
        say: takes a line where float32 is used in place of the bfloat16 that is requested.
    """
    if requested != "float32" and computes_bfloat16(device):
        return "bfloat16"
    if requested not in ("float32", "auto"):
        say(f"`precision` {requested}: this processor has no units for it, it would take ten times as long; in float32")
    return "float32"


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16, and may use them; emulated it is much slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()  # convolutions may be held to an older processor's
    if held not in ("", "DEFAULT", "ALL") and not any(part in held for part in ("BF16", "FP16", "AMX", "AVX10")):
        return False
    # torch's public predicate tells only whether bfloat16 works at all. Each name is missing in some versions.
    units = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return device.type == "cpu" and any(there is not None and bool(there()) for there in units)
