"""A method asked again: under noise, which should change little, and with shuffled weights, which should change all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.photographs import Photographs
    from foodviz.attribution import Attribution
    from foodviz.models import Classifier

_NOISE = 0.02  # deviation, as a share of the pixel range


def asked_again(
    photographs: Photographs,
    first: Attribution,
    attributing: Attributing | None,
    model: Classifier,
    copies: int,
    shares: Sequence[float],
) -> list[dict[str, Any]]:
    """Of each picture how like its map those under noise are, and those with such `shares` of the layers shuffled."""
    if attributing is None:
        return [{} for _ in first.maps]
    found = _repeated(photographs, first, attributing, model, copies)
    if shares:
        for figures, correlations in zip(found, _shuffled(photographs, first, attributing, shares), strict=True):
            figures["shuffled"] = correlations
    return found


def _repeated(
    photographs: Photographs, first: Attribution, attributing: Attributing, model: Classifier, copies: int
) -> list[dict[str, Any]]:
    """How like each picture's map the method's maps are under noise that does not change the answer."""
    import numpy as np
    import torch

    from foodviz.metrics.agreement import rank_correlation, top_overlap

    images = photographs.images
    same: list[list[tuple[float, float]]] = [[] for _ in first.maps]
    named = photographs.logits.argmax(1)
    for copied in range(1, copies + 1):
        seeds = [seed + copied for seed in photographs.seeds]
        drawn = [torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        noisy = (images + _NOISE * torch.stack(drawn).to(images)).clamp(0, 1)
        with torch.inference_mode():
            kept = (model(noisy).argmax(1) == named).tolist()
        for place, values in enumerate(attributing(noisy, seeds=seeds).maps):
            if kept[place]:
                pair = first.maps[place], values
                same[place].append((rank_correlation(*pair), top_overlap(*pair)))
    return [
        {"noise": float(np.mean([each for each, _ in pairs])), "top": float(np.mean([each for _, each in pairs]))}
        if pairs
        else {}
        for pairs in same
    ]


def _shuffled(
    photographs: Photographs, first: Attribution, attributing: Attributing, shares: Sequence[float]
) -> list[list[float]]:
    """Rank correlations of each picture's map with those of ever more shuffled weights."""
    from foodviz.methods.randomised import randomised
    from foodviz.metrics.agreement import rank_correlation

    found: list[list[float]] = [[] for _ in first.maps]
    for other in randomised(attributing.model, shares, photographs.subject.seed):
        for place, values in enumerate(attributing(photographs.images, model=other).maps):
            found[place].append(rank_correlation(first.maps[place], values))
    return found
