"""What a class is recognised by: LIME's superpixels of many photographs, summed up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foodviz.methods.lime.superpixels import Pieces, density_ratio

Floats = NDArray[np.float64]
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
# Each measure, and what to say where what speaks for the class has more of it, and less. Red, green and blue are
# shares of the three: grey has a third of each.
_MEASURES = {
    "lightness": ("lighter", "darker"),
    "saturation": ("more colourful", "paler"),
    "share of red": ("redder", "less red"),
    "share of green": ("greener", "less green"),
    "share of blue": ("bluer", "less blue"),
    "size, % of picture": ("larger", "smaller"),
    "distance from centre": ("farther out", "nearer the centre"),
}
_MOST_MEASURES = 3  # in the sentence
_AGREEING = 0.75  # of the photographs, for a measure to be named


@dataclass(frozen=True)
class Property:
    """One measure of superpixels in N photographs: those that speak for the class against the rest."""

    name: str
    supporting: Floats  # (N,) mean over positive weights, each superpixel counting by its weight
    rest: Floats  # (N,) mean over the others, each counting by its area

    @property
    def agreeing(self) -> int:
        """In how many photographs the difference has the sign of the mean difference."""
        differences = self.supporting - self.rest
        return int((differences * differences.mean() > 0).sum())

    @property
    def effect(self) -> float:
        """Mean difference in units of its scatter over photographs; 0 where it does not scatter."""
        differences = self.supporting - self.rest
        scatter = float(differences.std())
        return float(differences.mean()) / scatter if scatter > 0 else 0.0

    @property
    def word(self) -> str:
        """As `lighter`."""
        return _MEASURES[self.name][0 if self.effect > 0 else 1]

    @property
    def figures(self) -> str:
        """As `0.78 against 0.55, in 47 of 50`."""
        means = f"{self.supporting.mean():.2f} against {self.rest.mean():.2f}"
        return f"{means}, in {self.agreeing} of {len(self.rest)}"


@dataclass(frozen=True)
class ClassSummary:
    """N photographs of one class."""

    colours: Floats  # (N, 2, 3) mean RGB of what speaks for the class, and of the rest
    properties: tuple[Property, ...]
    place: Floats  # (H, W) mean density of positive weight, 1 = spread evenly over the picture
    on_mask: Floats | None  # (N,) share of the positive weight on the object; None where the data has no masks
    mask_area: Floats | None  # (N,) share of the picture that the object covers
    density: Floats | None  # (N,) how many times as densely the weight lies there as elsewhere

    @property
    def clear(self) -> list[Property]:
        """What sets the pieces that speak for the class apart in most photographs, most first."""
        clear = [each for each in self.properties if each.agreeing >= _AGREEING * len(each.rest)]
        return sorted(clear, key=lambda each: -abs(each.effect))[:_MOST_MEASURES]

    def sentences(self, effects: Mapping[str, str]) -> list[str]:
        """What sets the pieces that speak for the class apart, and whether they are the object: measured, in words.

        Args:
            effects: what became of the answer when that was taken away, in words, by the `word` of each property of
                which something did; the others are not said.
        """
        parts = [f"{each.word} ({each.figures}; {effects[each.word]})" for each in self.clear if each.word in effects]
        if parts:
            lines = [f"Against the rest of the picture, what speaks for it is {', '.join(parts)}."]
        elif self.clear:
            named = ", ".join(each.word for each in self.clear)
            lines = [f"What sets the pieces that speak for it apart had no effect when it was taken away: {named}."]
        else:
            lines = ["What speaks for it is of no other colour, size or place than the rest of the picture."]
        if self.on_mask is not None and self.mask_area is not None and self.density is not None:
            lines.append(
                f"{np.median(self.on_mask):.0%} of the positive weight lies on the object, which covers "
                f"{np.median(self.mask_area):.0%} of the picture: {np.median(self.density):.1f} times as densely as "
                "elsewhere (medians)."
            )
        return lines


def class_summary(
    segments: Sequence[NDArray[np.int64]], weights: Sequence[Floats], pieces: Sequence[Pieces]
) -> ClassSummary:
    """Sum up photographs in which at least one superpixel speaks for the class and one does not.

    Args:
        segments: (H, W) each, 0..S-1, all of one size.
        weights: (S,) each, for the class.
        pieces: of the same superpixels; masks on all or on none.
    """
    table = np.zeros((len(weights), 2, len(_MEASURES)))
    colours = np.zeros((len(weights), 2, 3))
    place = np.zeros(segments[0].shape)
    on_mask, mask_area, density = [], [], []
    for row, (cut, weight, piece) in enumerate(zip(segments, weights, pieces, strict=True)):
        positive = weight.clip(min=0) / weight.clip(min=0).sum()
        others = np.where(weight > 0, 0, piece.areas) / piece.areas[weight <= 0].sum()
        for side, share in enumerate((positive, others)):
            table[row, side] = share @ _measured(piece)
            colours[row, side] = share @ piece.colours
        place += (positive / piece.areas)[cut] / len(weights)
        if piece.on_mask is not None:
            on_mask.append(positive @ piece.on_mask)
            mask_area.append(piece.areas @ piece.on_mask)
            density.append(density_ratio(weight, piece))
    properties = tuple(Property(name, table[:, 0, at], table[:, 1, at]) for at, name in enumerate(_MEASURES))
    masks = [np.array(values) if values else None for values in (on_mask, mask_area, density)]
    return ClassSummary(colours, properties, place, *masks)


def _measured(piece: Pieces) -> Floats:
    """(S, measures), in the order of _MEASURES."""
    top = piece.colours.max(1)
    saturation = (top - piece.colours.min(1)) / np.maximum(top, 1e-6)
    shares = (piece.colours + 1e-6) / (piece.colours + 1e-6).sum(1, keepdims=True)
    away = np.linalg.norm(piece.centres - 0.5, axis=1)
    return np.column_stack([piece.colours @ _LUMA, saturation, shares, 100 * piece.areas, away])
