"""The pass of an evaluation: figures of every method's and every baseline's map, picture by picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from foodviz.analysis import hiding
from foodviz.analysis import trust as trusting
from foodviz.analysis.attributing import Attributing
from foodviz.analysis.evaluate.measures import BASELINES, MEASURES, baseline_maps
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.sweep import Arrays, gather

if TYPE_CHECKING:
    from foodviz.analysis.hiding import Hide
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier

BATCH = 8  # pictures at once, and a part: with slow methods half a minute of work


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found of N pictures that can be read.

    Attributes:
        ids: (N,) places in the split. digests: (N,) SHA-256 of each file, hex.
        labels: (N,) class index as the model numbers its classes, -1 where unlabelled.
        predicted: (N,), and confidences: (N,) its probability.
        targets: (N,) class index explained.
        values: (N, R, M) of the methods, then of BASELINES, by each of MEASURES; NaN where it was not measured.
        verdicts: (N, R) the word for each map.
    """

    ids: np.ndarray
    digests: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    confidences: np.ndarray
    targets: np.ndarray
    values: np.ndarray
    verdicts: np.ndarray


@dataclass(frozen=True)
class Study:
    """What is measured: methods with their options, of which score and target, hiding how."""

    subject: Subject
    split: Split
    options: Mapping[str, Mapping[str, Any]]
    target: str
    objective: str
    hide: Hide

    @cached_property
    def model(self) -> Classifier:
        """A fast one, made when it is first needed."""
        from foodviz import models

        return models.fast(self.subject.classifier)

    def run(self, ids: Sequence[int]) -> Measured:
        """Measure these pictures; what is in the cache is not measured again."""
        settings = [repr(sorted(own.items())) for own in self.options.values()]
        parts, _ = gather(
            self.subject,
            self.split,
            ids,
            self.subject.classifier.input_size,
            lambda: _Tally(self),
            kind="trust",
            key=[
                self.subject.classifier.identity,
                self.subject.device.type,
                str(self.subject.seed),
                *(str(value) for value in asdict(trusting.OF_MANY).values()),
                *(self.target, self.objective, str(self.hide), *self.options, *settings),
            ],
            batch=BATCH,
            batches=1,
        )
        return Measured(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    def measure(self, batch: Batch) -> Measured:
        """Measure the pictures of a batch."""
        photographs = Photographs(self.subject, self.split, self.subject.numbered(self.split, batch))
        targets = photographs.targets(self.target, quiet=True)
        covers = hiding.covers(photographs, self.model, targets, self.hide)
        asked = self.attributing(photographs, covers)
        maps = [each(photographs.images) for each in asked] + baseline_maps(photographs)
        again = [*asked, *[None] * len(BASELINES)]
        trusts = trusting.of_maps(photographs, maps, covers, targets, trusting.OF_MANY, self.model, again)
        figures = [[[measure.of(trust) for measure in MEASURES] for trust in row] for row in trusts]
        return Measured(
            **photographs.rows(targets),
            values=np.array(figures, np.float64).swapaxes(0, 1),
            verdicts=np.array([[trust.verdict for trust in row] for row in trusts], "U16").T,
        )

    def attributing(self, photographs: Photographs, covers: Sequence[Any] = ()) -> list[Attributing]:
        """The methods ready for some pictures."""
        from foodviz.methods.attribution.score import score_of

        targets = photographs.targets(self.target, quiet=True)
        return [
            Attributing.of(
                photographs,
                targets,
                name,
                own,
                self.model,
                score=score_of(self.objective, independent=self.model.independent),
                covers=covers,
                hide=self.hide,
            )
            for name, own in self.options.items()
        ]


class _Tally:
    """The figures of one part."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.measured: list[Measured] = []

    def add(self, batch: Batch) -> None:
        self.measured.append(self.study.measure(batch))

    def arrays(self) -> Arrays:
        return {name: np.concatenate([vars(each)[name] for each in self.measured]) for name in vars(self.measured[0])}
