"""What a class is recognised by: LIME's superpixels of many photographs, summed up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foodviz.methods.superpixels import Pieces, density_ratio

Floats = NDArray[np.float64]
# Luma of ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Property:
    """One measure of superpixels: those that speak for the class against the rest, in N photographs."""

    name: str
    supporting: Floats  # (N,) mean over positive weights, each counting by its weight
    rest: Floats  # (N,) mean over the others, each counting by its area

    @property
    def agreeing(self) -> int:
        """In how many photographs the difference has the sign of the mean difference."""
        differences = self.supporting - self.rest
        return int((differences > 0).sum() if differences.mean() > 0 else (differences < 0).sum())

    @property
    def effect(self) -> float:
        """Mean difference in units of its scatter over photographs; 0 where there is none."""
        differences = self.supporting - self.rest
        scatter = differences.std()
        return 0.0 if scatter == 0 else float(differences.mean() / scatter)


@dataclass(frozen=True)
class ClassSummary:
    """N photographs of one class."""

    colours: Floats  # (N, 2, 3) mean RGB of what speaks for the class, and of the rest
    properties: tuple[Property, ...]
    place: Floats  # (H, W) mean density of positive weight, 1 = spread evenly over the picture
    on_mask: Floats | None  # (N,) share of the positive weight on the object; None where the data has no masks
    mask_area: Floats | None  # (N,) share of the picture that the object covers
    density: Floats | None  # (N,) how many times as densely it lies there as elsewhere


def class_summary(
    segments: Sequence[NDArray[np.int64]], weights: Sequence[Floats], pieces: Sequence[Pieces]
) -> ClassSummary:
    """Sum up photographs in which at least one superpixel speaks for the class and one does not.

    Args:
        segments: (H, W) each, 0..S-1, all of one size.
        weights: (S,) each, for the class.
        pieces: of the same superpixels; masks on all or on none.
    """
    names = ("lightness", "saturation", "red", "green", "blue", "size (% of picture)", "distance from centre")
    table = np.zeros((len(weights), 2, len(names)))
    colours = np.zeros((len(weights), 2, 3))
    place = np.zeros(segments[0].shape)
    on_mask, mask_area, density = [], [], []
    for row, (cut, weight, piece) in enumerate(zip(segments, weights, pieces, strict=True)):
        positive = weight.clip(min=0)
        shares = positive / positive.sum(), np.where(weight > 0, 0, piece.areas) / piece.areas[weight <= 0].sum()
        measured = _measures(piece)
        for side, share in enumerate(shares):
            table[row, side] = share @ measured
            colours[row, side] = share @ piece.colours
        place += (shares[0] / piece.areas)[cut] / len(weights)
        if piece.on_mask is not None:
            on_mask.append(shares[0] @ piece.on_mask)
            mask_area.append(piece.areas @ piece.on_mask)
            density.append(density_ratio(weight, piece))
    properties = tuple(Property(name, table[:, 0, at], table[:, 1, at]) for at, name in enumerate(names))
    masks = [np.array(values) if values else None for values in (on_mask, mask_area, density)]
    return ClassSummary(colours, properties, place, *masks)


def _measures(piece: Pieces) -> Floats:
    """(S, 7), in the order of the names; red, green and blue are shares of the three, grey is 1/3 each."""
    colour = piece.colours
    top = colour.max(1)
    saturation = (top - colour.min(1)) / np.maximum(top, 1e-6)
    shares = (colour + 1e-6) / (colour + 1e-6).sum(1, keepdims=True)
    away = np.linalg.norm(piece.centres - 0.5, axis=1) / np.sqrt(0.5)
    return np.column_stack([colour @ _LUMA, saturation, shares, 100 * piece.areas, away])
