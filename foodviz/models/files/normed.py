"""Weights that a file holds in two parts, as weight norm and spectral norm keep them, put together.

Salimans, Kingma 2016, "Weight Normalization", arXiv:1602.07868; Miyato et al. 2018, "Spectral Normalization for GANs",
arXiv:1802.05957. Both as hooks (`nn.utils.weight_norm`) and as parametrisations name their parts.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

_INNER = "parametrizations.weight."
# What the parts of one weight are called, by its place in their norm's formula.
_WEIGHT_NORM = (("weight_g", "weight_v"), (f"{_INNER}original0", f"{_INNER}original1"))  # length, direction
_SPECTRAL_NORM = (
    ("weight_orig", "weight_u", "weight_v"),
    (f"{_INNER}original", f"{_INNER}0._u", f"{_INNER}0._v"),
)  # the weight, and its singular vectors


def put_together(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """The weights with `weight` in the stead of such parts, as evaluation computes it; and how many were in parts."""
    whole: dict[str, Tensor] = {}
    taken: set[str] = set()
    count = 0
    for name in weights:
        for parts in (*_SPECTRAL_NORM, *_WEIGHT_NORM):
            stem = name.removesuffix(parts[0])
            tensors = [weights.get(stem + part) for part in parts]
            given = [tensor for tensor in tensors if tensor is not None]
            if name in taken or not _ends(name, parts[0]) or len(given) < len(parts):
                continue
            made = _spectral(*given) if len(given) == 3 else _scaled(*given)
            if made is not None:
                whole[f"{stem}weight"] = made
                taken |= {stem + part for part in parts}
                count += 1
    rest = {name: tensor for name, tensor in weights.items() if name not in taken}
    return ({**whole, **rest} if count else dict(weights)), count


def _ends(name: str, part: str) -> bool:
    return name == part or name.endswith(f".{part}")


def _scaled(length: Tensor, direction: Tensor) -> Tensor | None:
    if length.ndim != direction.ndim:
        return None
    over = [axis for axis, size in enumerate(length.shape) if size == 1]
    if any(length.shape[axis] != direction.shape[axis] for axis in range(length.ndim) if axis not in over):
        return None
    return direction * (length / torch.linalg.vector_norm(direction, dim=over, keepdim=True)) if over else None


def _spectral(weight: Tensor, left: Tensor, right: Tensor) -> Tensor | None:
    """The weight by its largest singular value, which its singular vectors were found for."""
    rows = weight.flatten(1) if weight.ndim > 1 else weight
    if rows.ndim != 2 or left.shape != rows.shape[:1] or right.shape != rows.shape[1:]:
        return None
    return weight / (left @ rows @ right)
