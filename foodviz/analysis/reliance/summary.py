"""What the answers before and after come to: of all pictures and of each class, in figures, tables and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from foodviz.analysis.reliance.passes import PairedAnswers
from foodviz.methods.interventions.catalogue import CHANGES, Intervention
from foodviz.metrics.paired import mean_intervals, share_interval


@dataclass(frozen=True)
class Effect:
    """What one intervention does to the answers for some pictures.

    Attributes:
        intervention: what was done.
        images: how many pictures.
        named: of them so many were named rightly before; where no label is known, all.
        kept: of those so many keep their name. gained: of the others so many are named rightly now.
        interval: 95 % interval of `change`.
        probability: mean of the target's probability before, and after. probability_interval: of their difference.
        cut: mean share of the changed pixels that left the range of photographs and were cut.
    """

    intervention: Intervention
    images: int
    named: int
    kept: int
    gained: int
    interval: tuple[float, float]
    probability: tuple[float, float]
    probability_interval: tuple[float, float]
    cut: float

    @property
    def lost(self) -> int:
        """Pictures that were named rightly and no longer are."""
        return self.named - self.kept

    @property
    def before(self) -> float:
        """Share named rightly before."""
        return self.named / self.images

    @property
    def change(self) -> float:
        """Of that share, in [-1, 1]; negative where the answers need what was taken away."""
        return (self.gained - self.lost) / self.images

    @property
    def none(self) -> bool:
        """Whether the interval covers that nothing happens."""
        return self.interval[0] <= 0 <= self.interval[1]

    @property
    def share_kept(self) -> float:
        """Of those named rightly before, in [0, 1]; NaN where there was none."""
        return self.kept / self.named if self.named else float("nan")

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "name": self.intervention.name,
            "kind": self.intervention.kind,
            "words": self.intervention.words,
            "images": self.images,
            "named": self.named,
            "kept": self.kept,
            "gained": self.gained,
            "change": self.change,
            "interval": self.interval,
            "none": self.none,
            "probability": self.probability,
            "probability_interval": self.probability_interval,
            "cut": self.cut,
        }


@dataclass(frozen=True, eq=False)
class Group:
    """Pictures that are looked at together: all, or those of one class.

    Attributes:
        name: `all`, or the class. rows: (N,) of the answers.
        effects: in the order of the interventions.
    """

    name: str
    rows: np.ndarray
    effects: Sequence[Effect]

    @property
    def named(self) -> int:
        """Pictures named rightly before; where no label is known, all."""
        return self.effects[0].named

    @property
    def strongest(self) -> list[Effect]:
        """Of each kind the intervention that takes most answers away, the strongest kind first."""
        best: dict[str, Effect] = {}
        for effect in ranked(self.effects):
            best.setdefault(effect.intervention.kind, effect)
        return list(best.values())


@dataclass(frozen=True, eq=False)
class Summary:
    """The answers of one run.

    Attributes:
        answers: what the model said. interventions: to what, in the order of the columns.
        class_names: the model's. seed: of the bootstrap.
    """

    answers: PairedAnswers
    interventions: Sequence[Intervention]
    class_names: Sequence[str]
    seed: int

    @cached_property
    def all(self) -> Group:
        """All pictures."""
        return self._group("all", np.arange(len(self.answers.targets)))

    @cached_property
    def classes(self) -> list[Group]:
        """Those of each class that has some."""
        targets = self.answers.targets
        return [self._group(self.class_names[label], np.flatnonzero(targets == label)) for label in np.unique(targets)]

    def _group(self, name: str, rows: np.ndarray) -> Group:
        answers = self.answers
        right = answers.predicted[rows] == answers.targets[rows, None]
        before, after = right[:, :1], right[:, 1:]
        kept, gained = (before & after).sum(0).tolist(), (~before & after).sum(0).tolist()
        named, count = int(before.sum()), len(rows)
        probability = answers.probability[rows].astype(np.float64)
        intervals = mean_intervals(probability[:, 1:] - probability[:, :1], self.seed).tolist()
        means, cut = probability.mean(0).tolist(), answers.cut[rows].mean(0, dtype=np.float64).tolist()
        effects = [
            Effect(
                intervention,
                count,
                named,
                kept[place],
                gained[place],
                share_interval(gained[place], named - kept[place], count),
                (means[0], means[place + 1]),
                (intervals[place][0], intervals[place][1]),
                cut[place],
            )
            for place, intervention in enumerate(self.interventions)
        ]
        return Group(name, rows, effects)

    @property
    def labelled(self) -> bool:
        """Whether every picture's class is known."""
        return bool((self.answers.labels >= 0).all())

    @property
    def guessed(self) -> int:
        """Pictures whose mask is a guess."""
        return int(self.answers.estimated.sum())

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Raw values by name, as `PairedAnswers` has them."""
        names = ["as it is", *(each.name for each in self.interventions)]
        values = ("ids", "targets", "labels", "predicted", "confidence", "probability", "cut", "estimated")
        return {"columns": np.array(names), **{name: getattr(self.answers, name) for name in values}}

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "images": len(self.answers.ids),
            "kinds": {each.intervention.kind: each.intervention.name for each in self.all.strongest},
            "effects": [effect.facts for effect in self.all.effects],
            "classes": [{"name": each.name, "effects": [one.facts for one in each.effects]} for each in self.classes],
            "done": {each.name: CHANGES[each.change].note for each in self.interventions},
            "masks_estimated": self.guessed,
            "unreadable": list(self.answers.skipped),
        }

    @property
    def effect_rows(self) -> Iterator[Sequence[object]]:
        """A row for each group and intervention, for a CSV file."""
        yield [
            *("class", "change", "kind", "in words", "images", "named rightly", "keep their name", "gained"),
            *("change of the share named rightly", "low", "high", "no effect"),
            *("probability before", "after", "low of the change", "high of the change", "share of pixels cut"),
        ]
        for group in (self.all, *self.classes):
            for each in group.effects:
                changed = (each.change, *each.interval)
                probability = (*each.probability, *each.probability_interval, each.cut)
                yield [
                    *(group.name, each.intervention.name, each.intervention.kind, each.intervention.words),
                    *(each.images, each.named, each.kept, each.gained),
                    *(f"{value:.4f}" for value in changed),
                    int(each.none),
                    *(f"{value:.4f}" for value in probability),
                ]

    def picture_rows(self, names: Sequence[str]) -> Iterator[Sequence[object]]:
        """Every picture's answers, for a CSV file; `names` are those of the files in the split."""
        answers = self.answers
        yield ["id", "file", "class", "as it is", *(each.name for each in self.interventions), "mask", "sha256"]
        for row, index in enumerate(answers.ids):
            yield [
                *(index, names[index], self.class_names[answers.targets[row]]),
                *(self.class_names[predicted] for predicted in answers.predicted[row]),
                "estimated" if answers.estimated[row] else "",
                answers.digests[row],
            ]


def ranked(effects: Sequence[Effect]) -> list[Effect]:
    """The most negative change first, among equals the one that leaves the target least probability."""
    return sorted(effects, key=lambda effect: (effect.change, effect.probability[1]))
