"""The maps of one analysis, by one method or several: figure, arrays, facts and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis import trust as trusting
from foodviz.analysis.overlays import overlays
from foodviz.analysis.photographs import Photographs, viewer
from foodviz.analysis.result import pages
from foodviz.attribution import Attribution
from foodviz.methods.attribution import catalogue
from foodviz.metrics.verdict import BELIEVABLE
from foodviz.render import sentences
from foodviz.render.sentences import listed

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.trust import Trust


@dataclass(frozen=True, eq=False)
class Maps:
    """What was found: M maps by each method, of pictures that may stand there twice, and the trust in each."""

    pictures: Photographs  # N, as they were asked for
    photographs: Photographs  # M, of each map its picture
    places: tuple[int, ...]  # M, of each map the place of its picture among those asked for
    names: tuple[str, ...]  # M, of the targets
    asked: tuple[Attributing, ...]
    attributions: tuple[Attribution, ...]  # by each method
    trusts: tuple[Sequence[Trust], ...]  # by each method; none where it was not asked for
    objective: str
    shared_scale: bool
    clip: float
    colours: str | None

    @property
    def titles(self) -> list[str]:
        return [catalogue.method_of(each.method).title for each in self.asked]

    @cached_property
    def agreement(self) -> np.ndarray:
        """(methods, methods): above the diagonal the rank correlation, below it the overlap of the top tenth."""
        from foodviz.metrics.agreement import agreement

        return agreement([each.maps for each in self.attributions])

    def draw(self) -> Mapping[str, Figure]:
        """Pages of maps, and the curves where they were measured; each is drawn when it is looked up."""
        curves = self.trusts and self.trusts[0][0].figures.shuffled
        return pages(len(self.names), self._page, {"trust": self._curves_figure} if curves else {})

    def _page(self, part: slice) -> Figure:
        from foodviz.render.saliency import Panel, saliency_figure

        rows = [
            [
                Panel(f"for {name}, max {peak:.2g}", trust.verdict if trust else "", trust.reason if trust else "")
                for name, peak, trust in zip(self.names[part], each.peaks[part], trusts[part], strict=True)
            ]
            for each, trusts in zip(self.attributions, self._trusts(), strict=True)
        ]
        return saliency_figure(
            self.photographs.pixels[part],
            [Attribution(each.values[part], each.unit) for each in self.attributions],
            self.photographs.captions[part],
            rows,
            titles=self.titles,
            agreement=self.agreement if len(self.asked) > 1 else None,
            title=f"{listed(self.titles)} of the {self.objective}",
            shared_scale=self.shared_scale,
            clip=self.clip,
            notes=self._notes(),
            limits_of_all=self._limits,
            colours=self.colours,
        )

    @cached_property
    def _limits(self) -> list[tuple[float, float]]:
        """Of each method's maps on all pages."""
        from foodviz.render.style import limits_of

        return [limits_of(each.maps, self.clip) for each in self.attributions]

    def overlays(self, strength: float) -> Mapping[str, Callable[[Path], object]]:
        """Writers of each map's own files, by name."""
        from foodviz.render.style import limits_of

        def limits(number: int, place: int) -> tuple[float, float]:
            return (
                self._limits[number]
                if self.shared_scale
                else limits_of(self.attributions[number].maps[place], self.clip)
            )

        return overlays(
            self.photographs,
            self.names,
            [each.method for each in self.asked],
            self.attributions,
            limits,
            self.colours,
            strength,
        )

    def _curves_figure(self) -> Figure:
        from foodviz.render.trust import curves_figure

        curves = self._curves
        deletions, insertions = (
            [values for key, values in curves.items() if key.startswith(name)] for name in ("deletion", "insertion")
        )
        captions = self.photographs.captions
        return curves_figure(captions, curves["shares"], deletions, insertions, self.titles)

    def views(self) -> Mapping[str, Any]:
        return viewer(self.photographs, {"saliency": self.attributions[0].reduced("max")})

    def facts(self, hide: str) -> Mapping[str, Any]:
        first = self.attributions[0]
        return {
            **self.pictures.facts(),
            **({"layer": str(self.asked[0].layer)} if self.asked[0].layer else {}),
            **{name: values.tolist() for name, values in first.checks.items()},
            "method": [each.method for each in self.asked],
            "options": {each.method: dict(each.options) for each in self.asked},
            "unit": [each.unit for each in self.attributions],
            "targets": list(self.names),
            "pictures_of_maps": list(self.places),
            "maxima": [each.peaks for each in self.attributions],
            "hidden": [cover.way or hide for cover in self.asked[0].covers],
            "trust": {
                each.method: [trust.facts for trust in row] for each, row in zip(self.asked, self.trusts, strict=False)
            },
            "agreement": self.agreement.tolist(),
        }

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        several = len(self.asked) > 1
        maps = {
            f"maps_{each.method}" if several else "maps": attribution.maps
            for each, attribution in zip(self.asked, self.attributions, strict=True)
        }
        for name, attribution in zip(list(maps), self.attributions, strict=True):
            if attribution.spread is not None:
                maps[name.replace("maps", "spread", 1)] = attribution.spread.cpu().numpy()
        logits = self.photographs.logits.cpu().numpy()
        return {**maps, "images": self.photographs.pixels, "logits": logits, **self._curves}

    @property
    def _curves(self) -> dict[str, np.ndarray]:
        return trusting.arrays([each.method for each in self.asked], self.trusts)

    @property
    def lines(self) -> list[str]:
        """A line a picture, and one for the trust in each of its maps."""
        return [*self.pictures.table, *self._trust_lines(mark=False)]

    @property
    def sentences(self) -> list[str]:
        """How much of each map lies on the food, how far to believe it, and what the figures are."""
        lines: list[str] = []
        if self.trusts:  # they say it, too
            return [*self._trust_lines(mark=True), trusting.EXPLAINED]
        for each, title in zip(self.attributions, self.titles, strict=True):
            name = "the map" if len(self.asked) == 1 else f"the {title} map"
            signed = bool((each.values < 0).any())
            what = f"what speaks for the class in {name}" if signed else name
            lines += on_food(self.photographs, each, [what] * len(self.photographs))
        return lines

    @property
    def findings(self) -> list[str]:
        """How many of each method's maps can be believed; nothing where that was not measured."""
        return [
            sentences.believed(
                title.lower(), sum(trust.verdict == BELIEVABLE for trust in row), len(row), self._first_doubt(row)
            )
            for title, row in zip(self.titles, self.trusts, strict=False)
        ]

    def _first_doubt(self, trusts: Sequence[Trust]) -> str:
        """Of the first map that cannot be believed its picture, its class and why; empty where all can."""
        for picture, name, trust in zip(self.photographs.pictures, self.names, trusts, strict=True):
            if trust.verdict != BELIEVABLE:
                return f"{picture.name} for {name}: {trust.line}"
        return ""

    def _trusts(self) -> Sequence[Sequence[Trust | None]]:
        return self.trusts or [[None] * len(self.names)] * len(self.asked)

    def _trust_lines(self, *, mark: bool) -> list[str]:
        return [
            f"{f'{trust.mark} ' if mark else ''}{picture.name}, {title} for {name}: {trust.line}."
            for title, row in zip(self.titles, self.trusts, strict=False)
            for picture, name, trust in zip(self.photographs.pictures, self.names, row, strict=True)
        ]

    def _notes(self) -> list[str]:
        notes = []
        for each, attribution in zip(self.asked, self.attributions, strict=True):
            head = "" if len(self.asked) == 1 else f"{catalogue.method_of(each.method).title}: "
            layer = [f"{each.layer}."] if each.layer is not None else []
            parts = [catalogue.method_of(each.method).note, *layer, *attribution.remarks]
            notes.append(head + " ".join([*parts, f"In {attribution.unit}."]))
        end = "maximum" if self.clip >= 100 else f"{self.clip:g} percentile; what is larger looks the same"
        scale = f"one scale for all, to the {end}." if self.shared_scale else f"each scaled to its own {end}."
        hidden = trusting.note(self.asked[0].covers) if self.trusts else ""
        return [*notes, f"Maps: {scale} {hidden}".strip(), self.pictures.trained_on]


def on_food(photographs: Photographs, attribution: Attribution, what: Sequence[str]) -> list[str]:
    """A sentence a picture: how much of its map, called `what`, lies on the food; what speaks against is left out."""
    from foodviz.metrics.localisation import share_on

    lines = []
    for place, (picture, values, map_name) in enumerate(zip(photographs.pictures, attribution.maps, what, strict=True)):
        where, region = photographs.region(place, values.shape[-2:])
        lines.append(sentences.on_region(picture.name, *share_on(values.clip(min=0), region), where, map_name))
    return lines
