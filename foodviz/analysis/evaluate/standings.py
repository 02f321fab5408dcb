"""Which method is best by each measure, whether the difference stands, and which are of use on the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from foodviz.analysis.evaluate.measures import BASELINES, BLIND, LEAD, MASK, MEASURES, SAME, STABLE, Measure
from foodviz.metrics.comparison import holm, sign_flip_p
from foodviz.metrics.paired import mean_intervals
from foodviz.metrics.verdict import BELIEVABLE, CHANGES

LEVEL = 0.05  # a difference stands where chance makes one as large less often, all questions counted


@dataclass(frozen=True, eq=False)
class Standings:
    """Methods and baselines compared on the same pictures.

    Attributes:
        methods: their names, the largest lead first. titles: as a reader sees them.
        every: (N, R, M) figures of the methods, then of BASELINES, by each of MEASURES; NaN where not measured.
        order: of each method its place among those that were asked for.
        seed: of the resampling.
    """

    methods: Sequence[str]
    titles: Sequence[str]
    every: np.ndarray
    order: Sequence[int]
    seed: int

    @classmethod
    def of(cls, methods: Sequence[str], titles: Sequence[str], every: np.ndarray, seed: int) -> Standings:
        """Methods in any order; arguments as the attributes."""
        leads = every[:, : len(methods), [measure.name for measure in MEASURES].index(LEAD)]
        counts = np.isfinite(leads).sum(0)
        means = np.nansum(leads, axis=0) / counts.clip(1)
        order = np.argsort(np.where(counts, -means, np.inf), kind="stable").tolist()
        rows = [*order, *range(len(methods), every.shape[1])]
        sorted_rows = every[:, rows]
        word = [measure.name for measure in MEASURES].index(BELIEVABLE)
        sorted_rows[:, len(methods) :, word] = np.nan  # a baseline is not judged by itself
        return cls([methods[row] for row in order], [titles[row] for row in order], sorted_rows, order, seed)

    @property
    def places(self) -> list[int]:
        """Of each row its place among the methods that were asked for and BASELINES."""
        return [*self.order, *range(len(self.methods), len(self.names))]

    @cached_property
    def _columns(self) -> list[int]:
        return [place for place in range(len(MEASURES)) if np.isfinite(self.every[:, : len(self.methods), place]).any()]

    @property
    def measures(self) -> list[Measure]:
        """Those that could be measured on any of the methods' maps."""
        return [MEASURES[place] for place in self._columns]

    @cached_property
    def names(self) -> list[str]:
        """Of the rows: the methods, then the baselines that there are."""
        return [*self.methods, *(name for name in BASELINES if name != MASK or self._has_masks)]

    @property
    def row_titles(self) -> list[str]:
        """The same for a reader."""
        return [*self.titles, *(f"({name})" for name in self.names[len(self.methods) :])]

    @property
    def _has_masks(self) -> bool:
        return bool(np.isfinite(self.every[:, -1, [measure.masked for measure in MEASURES]]).any())

    @cached_property
    def values(self) -> np.ndarray:
        """(N, R, M) of those rows and measures."""
        return self.every[:, : len(self.names)][..., self._columns]

    @cached_property
    def counts(self) -> np.ndarray:
        """(R, M) pictures that it was measured on."""
        return np.asarray(np.isfinite(self.values).sum(0))

    @cached_property
    def means(self) -> np.ndarray:
        """(R, M) over the pictures; NaN where there is none."""
        sums = np.nansum(self.values, axis=0)
        return np.asarray(np.divide(sums, self.counts, out=np.full(sums.shape, np.nan), where=self.counts > 0))

    @cached_property
    def intervals(self) -> np.ndarray:
        """(R, M, 2) between which values the mean lies, at 95 %."""
        found = np.full((*self.means.shape, 2), np.nan)
        for row, column in zip(*np.nonzero(self.counts), strict=True):
            known = self.values[:, row, column]
            found[row, column] = mean_intervals(known[np.isfinite(known)][:, None], self.seed)[0]
        return found

    def best(self, column: int) -> int:
        """The row of the method that is best by a measure."""
        means = self.means[: len(self.methods), column] * self.measures[column].sign
        return int(np.nanargmax(means))

    @cached_property
    def apart(self) -> np.ndarray:
        """(methods, M) p that a method differs from the measure's best, for so many questions; 1 for itself."""
        found = np.ones((len(self.methods), len(self.measures)))
        for column in range(len(self.measures)):
            best = self.best(column)
            others = [row for row in range(len(self.methods)) if row != best]
            found[others, column] = holm([self.p(best, row, column) for row in others])
        return found

    def scale(self, column: int) -> float:
        """The best that a baseline which knows nothing of the model comes to; NaN where it cannot be measured."""
        means = self.means[[self.names.index(name) for name in BLIND], column]
        pick = np.nanmax if self.measures[column].sign > 0 else np.nanmin
        return float(pick(means)) if np.isfinite(means).any() else float("nan")

    def leading(self, column: int) -> list[int]:
        """Rows of the best method by a measure and of those that cannot be told apart from it, the best first."""
        best = self.best(column)
        known = self.counts[: len(self.methods), column] > 0
        tied = [row for row in np.flatnonzero(known & (self.apart[:, column] >= LEVEL)).tolist() if row != best]
        return [best, *tied]

    def p(self, one: int, other: int, column: int) -> float:
        """How often chance makes two rows differ as much by a measure, over the pictures that both were measured on."""
        differences = self.values[:, one, column] - self.values[:, other, column]
        return sign_flip_p(differences[np.isfinite(differences)], self.seed)

    @cached_property
    def lead(self) -> int | None:
        """The column of the lead, by which methods are chosen; None where it could not be measured."""
        names = [measure.name for measure in self.measures]
        return names.index(LEAD) if LEAD in names else None

    @cached_property
    def blind(self) -> int:
        """The row of the baseline with the largest lead among those that know nothing of the model."""
        assert self.lead is not None
        rows = [self.names.index(name) for name in BLIND]
        return max(rows, key=lambda row: self.means[row, self.lead])

    @cached_property
    def unmoved(self) -> list[int]:
        """Rows of methods whose maps hardly change with the weights, as `metrics.verdict` judges single maps."""
        names = [measure.name for measure in self.measures]
        if SAME not in names:
            return []
        same = self.means[: len(self.methods), names.index(SAME)]
        stable = self.means[: len(self.methods), names.index(STABLE)] if STABLE in names else np.full(len(same), np.nan)
        return np.flatnonzero(same > CHANGES * np.maximum(np.nan_to_num(stable), 0.1)).tolist()

    @cached_property
    def usable(self) -> list[int]:
        """Rows of methods whose lead is above the best baseline's, and stays so; the best first."""
        if self.lead is None:
            return []
        column, blind = self.lead, self.blind
        rows = list(range(len(self.methods)))
        p_values = holm([self.p(row, blind, column) for row in rows])
        better = [
            row
            for row in rows
            if self.means[row, column] > self.means[blind, column] and p_values[row] < LEVEL and row not in self.unmoved
        ]
        return sorted(better, key=lambda row: -self.means[row, column])

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "measures": [measure.name for measure in self.measures],
            "left_out": [measure.name for measure in MEASURES if measure not in self.measures],
            "rows": [
                {
                    "name": name,
                    "mean": _known(self.means[row]),
                    "interval": [_known(each) for each in self.intervals[row]],
                    "pictures": self.counts[row].tolist(),
                }
                for row, name in enumerate(self.names)
            ],
            "best": {m.name: [self.names[row] for row in self.leading(c)] for c, m in enumerate(self.measures)},
            "usable": [self.names[row] for row in self.usable],
            "unmoved_by_weights": [self.names[row] for row in self.unmoved],
        }


def _known(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
