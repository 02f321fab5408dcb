"""Pictures on which interventions are done, one after the other, each from the pictures as they were."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor

from foodviz.methods.interventions import colour, place, texture
from foodviz.methods.interventions.catalogue import Intervention
from foodviz.methods.interventions.surroundings import filled, grown, mean_colour

_RIM = 1 / 64  # of the shorter side: pixels beside the mask that show some of the object, too
_CUT = 0.5 / 255  # a value is cut where it lies farther outside of [0, 1] than rounding to 8 bits can hide


@dataclass(frozen=True)
class Changed:
    """Pictures after an intervention.

    Attributes:
        images: (N, 3, H, W) in [0, 1]; outside of the region exactly as they were.
        cut: (N,) share of the region's pixels of which a value had to be cut to [0, 1]: no longer what was meant.
    """

    images: Tensor
    cut: Tensor


@dataclass(frozen=True, eq=False)
class Stage:
    """N pictures and where their object is; what several interventions need is made once.

    Attributes:
        images: (N, 3, H, W), RGB in [0, 1]; never changed.
        masks: (N, H, W) bool, the object; None where it is not known.
        seeds: one for each picture; with them what happens to a picture does not depend on its company.
        others: (N, 3, H, W), what `other` puts behind each object.
    """

    images: Tensor
    masks: Tensor | None
    seeds: Sequence[int]
    others: Tensor | None = None

    def changed(self, intervention: Intervention) -> Changed:
        """The pictures after one intervention.

        Raises:
            ValueError: it needs masks or other pictures, and there are none.
        """
        region = self.region(intervention)
        values = _MAKERS[intervention.change](self, intervention.region)
        return Changed(torch.where(region[:, None], values.clamp(0, 1), self.images), _share_cut(values, region))

    def region(self, intervention: Intervention) -> Tensor:
        """(N, H, W) bool: where an intervention changes the pictures; elsewhere they stay exactly as they are."""
        return self._with_rim if intervention.change == "gone" else self._region(intervention.region)

    def _region(self, name: str) -> Tensor:
        if name == "picture":
            return torch.ones_like(self.images[:, 0], dtype=torch.bool)
        if self.masks is None:
            raise ValueError(f"no masks say where the {name} is")
        return self.masks if name == "object" else ~self.masks

    def _canvas(self, name: str) -> Tensor:
        """(N, 3, H, W): a region, and beyond it its own colours, so that no change brings in what lies there."""
        if name == "picture":
            return self.images
        return self._object_alone if name == "object" else self._background_alone

    @cached_property
    def _with_rim(self) -> Tensor:
        return grown(self._region("object"), _RIM)

    @cached_property
    def _object_alone(self) -> Tensor:
        return filled(self.images, self._region("object"))

    @cached_property
    def _background_alone(self) -> Tensor:
        return filled(self.images, ~self._with_rim)

    def _mean(self, name: str) -> Tensor:
        return mean_colour(self.images, self._region(name))

    def _gone(self, _: str) -> Tensor:
        return self._background_alone

    def _other(self, _: str) -> Tensor:
        if self.others is None:
            raise ValueError("no other pictures are given")
        return self.others


def _share_cut(values: Tensor, region: Tensor) -> Tensor:
    """(N,) of the pixels of a region (N, H, W)."""
    least, most = values.aminmax()
    if least >= -_CUT and most <= 1 + _CUT:  # most changes cannot leave the range
        return values.new_zeros(len(values))
    outside = ((values < -_CUT) | (values > 1 + _CUT)).any(1) & region
    return (outside.sum((1, 2)) / region.sum((1, 2)).clamp_min(1)).to(values)


def _plain(change: Callable[[Tensor], Tensor]) -> Callable[[Stage, str], Tensor]:
    """A change of each pixel, whatever its neighbours."""
    return lambda stage, _: change(stage.images)


def _textured(change: Callable[[Tensor], Tensor]) -> Callable[[Stage, str], Tensor]:
    """A change that looks at neighbours: they are the region's own."""
    return lambda stage, region: change(stage._canvas(region))


# Change in the catalogue -> the pictures changed everywhere, of which the region is taken.
_MAKERS: dict[str, Callable[[Stage, str], Tensor]] = {
    "grey": _plain(colour.grey),
    "hue120": _plain(partial(colour.hue, degrees=120)),
    "hue240": _plain(partial(colour.hue, degrees=240)),
    "red": _plain(partial(colour.equalised, colour=0)),
    "green": _plain(partial(colour.equalised, colour=1)),
    "blue": _plain(partial(colour.equalised, colour=2)),
    "pale": _plain(partial(colour.saturation, factor=0.5)),
    "vivid": _plain(partial(colour.saturation, factor=2.0)),
    "dark": _plain(partial(colour.brightness, factor=0.5)),
    "bright": _plain(partial(colour.brightness, factor=1.5)),
    "blur": _textured(partial(texture.low_pass, share=1 / 32)),
    "low-pass": _textured(partial(texture.low_pass, share=1 / 16)),
    "grain": lambda stage, _: texture.grain(stage.images, 0.1, stage.seeds),
    "high-pass": lambda stage, region: texture.high_pass(stage._canvas(region), 1 / 32, stage._mean(region)),
    "shuffled": lambda stage, region: texture.shuffled(stage._canvas(region), stage._region(region), stage.seeds),
    "silhouette": lambda stage, region: stage._mean(region).expand_as(stage.images),
    "shift": lambda stage, _: place.shifted(stage.images, 1 / 8, stage.seeds),
    "small": _plain(partial(place.scaled, factor=0.7)),
    "large": _plain(partial(place.scaled, factor=1.4)),
    "flip": _plain(place.mirrored),
    "turn": _plain(partial(place.turned, degrees=90)),
    "other": Stage._other,
    "plain": _plain(partial(torch.full_like, fill_value=0.5)),
    "gone": Stage._gone,
}
