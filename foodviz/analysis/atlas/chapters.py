"""What an atlas tells, gathered: a chapter for each layer and one for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from foodviz.analysis.atlas.crops import Photographed
from foodviz.analysis.atlas.drawing import Drawn, Job, drawn_size
from foodviz.analysis.atlas.evidence import evidence_of
from foodviz.analysis.atlas.feeding import contributions
from foodviz.analysis.atlas.layer import FilterRow, filter_rows
from foodviz.analysis.atlas.scanning import scan_units
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Classifier
    from foodviz.models.units import Unit

MOST_FILTERS = 512  # of a layer on its page: of more the most selective
MOST_CLASSES = 60  # with a page of their own


@dataclass(frozen=True, eq=False)
class Source:
    """What an atlas is made from.

    Attributes:
        split: that filters are measured on. ids: of its pictures that are looked at.
        units: the layers. scans: of each. chosen: of each the channels that are shown.
        model: answers as the subject's classifier and keeps the output of every unit, folded elsewhere.
        entering: by unit the mean of each channel that enters its convolution, (C_in,), where another feeds it.
        classes: indices of the model's classes that have a page.
    """

    subject: Subject
    split: Split
    ids: tuple[int, ...]
    units: tuple[Unit, ...]
    scans: tuple[Scan, ...]
    chosen: tuple[tuple[int, ...], ...]
    model: Classifier
    entering: Mapping[str, np.ndarray]
    classes: tuple[int, ...]

    @classmethod
    def of(cls, subject: Subject, layers: Sequence[str], filters: tuple[int, ...], count: int | None) -> Source:
        """Open model and split, and measure every layer on it."""
        from foodviz import models
        from foodviz.models.units import units

        shown = units(subject.classifier, layers)
        _check(shown, filters)
        shown = [unit for unit in shown if not filters or min(filters) < unit.layer.channels]
        split = subject.split("validation")
        ids = tuple(split.spread(count or len(split)))
        model = models.fast(subject.classifier, keep=[unit.layer for unit in shown])
        scans, entering = scan_units(subject, split, ids, shown, model)
        chosen = tuple(_chosen(unit, scan, filters) for unit, scan in zip(shown, scans, strict=True))
        return cls(subject, split, ids, tuple(shown), scans, chosen, model, entering, _classes(subject, split))

    @property
    def photographs(self) -> int:
        """How many pictures were looked at."""
        return len(self.scans[0].ids)

    def jobs(self) -> list[Job]:
        """What is to be drawn: of each layer, and last the classes' logits."""
        from foodviz.models.units import identity_up_to

        classifier = self.subject.classifier
        jobs = []
        for unit, chosen in zip(self.units, self.chosen, strict=True):
            key = f"{identity_up_to(classifier, unit.layer)} {unit.name}"
            jobs.append(Job(key, self.model, unit.layer.of(self.model).module, chosen, self._size(unit)))
        return [*jobs, Job(classifier.identity, self.model, self.model, self.classes, classifier.input_size)]

    def _size(self, unit: Unit) -> tuple[int, int]:
        """As small as the filters need, where the net takes pictures of that size."""
        import torch

        from foodviz.methods.feature_maps import feature_maps

        whole = self.subject.classifier.input_size
        size, model = drawn_size(unit.field, whole), self.model
        try:
            feature_maps(model, unit.layer.of(model).module, torch.zeros(1, 3, *size, device=model.mean.device))
        except Exception:  # of any kind: what a network says to pictures of another size
            return whole
        return size


@dataclass(frozen=True, eq=False)
class Chapter:
    """A layer.

    Attributes:
        slug: the name of its files.
        rows: its filters. pictures: (h, w, 3) uint8 drawn of each, None where it is not drawn.
        crops: (K, T, s, s', 3) uint8 of the photographs that excite each most.
    """

    slug: str
    unit: Unit
    fed_by: str  # the slug of the layer that feeds it; empty where none alone does
    rows: list[FilterRow]
    pictures: list[np.ndarray | None]
    crops: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)

    def arrays(self) -> dict[str, np.ndarray]:
        """Raw values by name: filters (K,), means (K, C), places (K, 2), reached (K,), NaN for None."""
        import numpy as np

        rows = self.rows
        return {
            "filters": np.array([row.number for row in rows]),
            "means": np.array([row.means for row in rows], np.float64),
            "places": np.array([row.place for row in rows]),
            "reached": np.array([row.reached for row in rows], np.float64),
        }


def layers_of(source: Source, drawn: Sequence[Sequence[Drawn]], photographed: Photographed) -> Iterator[Chapter]:
    """The chapter of each layer; drawn: of each its pictures batch by batch."""
    from foodviz.analysis.filters.scan import ScannedLayer

    subject, classifier = source.subject, source.subject.classifier
    slugs = {unit.name: f"{place:02}" for place, unit in enumerate(source.units, 1)}
    model = source.model
    for unit, scan, chosen, batches in zip(source.units, source.scans, source.chosen, drawn, strict=True):
        flat = [(batch, place) for batch in batches for place in range(len(batch.dead))]
        reached = {
            number: (float(batch.reached[place]), int(batch.steps[place]))
            for number, (batch, place) in zip(chosen, flat, strict=False)
            if not batch.dead[place]
        }
        pictures = [batch.pictures[place] if not batch.dead[place] else None for batch, place in flat]
        pictures += [None] * (len(chosen) - len(flat))
        scanned = ScannedLayer(subject, source.split, unit.layer, model, unit.layer.of(model).module, scan)
        evidence = evidence_of(scanned, photographed, chosen, pictures)
        means = scan.class_means(len(classifier.class_names), model_labels(subject, source.split, scan.labels))
        told = filter_rows(
            scan, source.split, chosen, means, contributions(model, unit, source.entering), reached, evidence
        )
        facts = {
            "layer": str(unit.layer),
            "layer_name": unit.name,
            "convolution": unit.convolution,
            "receptive_field": unit.field,
            "filters": unit.layer.channels,
            "shown": len(chosen),
            "drawn": len(reached),
            "dead": int(scan.dead().sum()),
            "doubled": sum(bool(row.doubles) for row in told),
            "another_way": sum(row.way == "another" for row in told),
            "drawn_size": list(pictures[0].shape[:2]) if pictures and pictures[0] is not None else None,
        }
        fed_by = slugs.get(unit.fed_by, "")
        yield Chapter(slugs[unit.name], unit, fed_by, told, pictures, evidence.crops, facts)


def model_labels(subject: Subject, split: Split, labels: np.ndarray) -> np.ndarray:
    """Labels as the model numbers its classes, -1 where unknown, or where the model has not the data's classes."""
    import numpy as np

    from foodviz.data.class_names import renumbered

    if not (labels >= 0).any():
        return labels
    try:
        return renumbered(labels, subject.class_order(split))
    except InputError:
        return np.full_like(labels, -1)


def _classes(subject: Subject, split: Split) -> tuple[int, ...]:
    """The model's classes that the split has pictures of; none where they cannot be told."""
    import numpy as np

    labels = model_labels(subject, split, np.array(split.labels))
    return tuple(np.unique(labels[labels >= 0]).tolist()[:MOST_CLASSES])


def _check(units: Sequence[Unit], filters: Sequence[int]) -> None:
    """Look whether every filter asked for is in some layer."""
    largest = max(units, key=lambda unit: unit.layer.channels).layer
    for number in filters:
        if number >= largest.channels:
            raise InputError(f"`filters` {number}: {largest} has the channels 0 to {largest.channels - 1}")


def _chosen(unit: Unit, scan: Scan, filters: Sequence[int]) -> tuple[int, ...]:
    """The channels of a layer that are shown; of too many the most selective, or without labels the first."""
    import numpy as np

    if filters:
        return tuple(number for number in filters if number < unit.layer.channels)
    order = np.argsort(-scan.selectivity(), kind="stable")[:MOST_FILTERS]
    return tuple(sorted(order.tolist()))
