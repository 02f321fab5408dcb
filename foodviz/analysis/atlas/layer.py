"""What a layer's page says: of each filter what it answers to, who is like it, what feeds it, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foodviz.analysis.atlas.evidence import CROPS

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.atlas.evidence import Evidence
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan

DOUBLED = 0.95  # cosine from which on two filters say the same
_NEIGHBOURS, _FEEDING = 3, 3  # named of each kind
_PERPLEXITY = 12.0  # of the map: about how many neighbours count
_ENOUGH = 36  # filters, for t-SNE
_FAVOURITES = 2  # classes by which a filter is found
_SELECTIVE = 0.05  # share of variance between the classes from which on a filter has favourites


@dataclass(frozen=True)
class FilterRow:
    """One filter, as its page says it; plain JSON.

    Attributes:
        says: what its map correlates with. dead: the same for every photograph.
        selectivity: share of its variance that lies between the classes, 0 to 1.
        means: (C,) mean of its map by class, None where no photograph is of it.
        favourites: indices of the classes that it answers to most; none where it does not tell them apart.
        ids, files, labels: of its CROPS strongest photographs.
        peaks: the value of their strongest cell, in the layer's units.
        like, unlike: filters of the layer with the cosine of their maps about their means.
        doubles: filters whose cosine with it is DOUBLED or more.
        excited_by, inhibited_by: channels of the layer before with what they add on the mean, in units before the
            activation; none where that is not known.
        reached: mean of its map on its drawn picture; None where it is not drawn. steps: that the picture took.
        way: whether that excites the filter as the photographs do, one of `paths.VERDICTS`, with the figure `scaled`;
            empty and None where there is nothing to compare.
        place: (x, y) on the map, 0 to 1. order: its place among all by likeness.
    """

    number: int
    says: str
    dead: bool
    selectivity: float
    means: list[float | None]
    favourites: list[int]
    ids: list[int]
    files: list[str]
    labels: list[str]
    peaks: list[float]
    like: list[tuple[int, float]]
    unlike: list[tuple[int, float]]
    doubles: list[int]
    excited_by: list[tuple[int, float]]
    inhibited_by: list[tuple[int, float]]
    reached: float | None
    steps: int
    way: str
    scaled: float | None
    place: tuple[float, float]
    order: int


def filter_rows(
    scan: Scan,
    split: Split,
    numbers: Sequence[int],
    class_means: np.ndarray,
    adds: np.ndarray | None,
    reached: dict[int, tuple[float, int]],
    evidence: Evidence,
) -> list[FilterRow]:
    """The filters `numbers` of a layer.

    Args:
        scan: of the whole layer over the split.
        class_means: (K, C) of the whole layer, NaN where no photograph is of a class.
        adds: (K, C_in) what each channel of the layer before adds, of the whole layer; None where that is not known.
        reached: of each filter that is drawn the objective at the end and the steps.
        evidence: of the filters in the order of `numbers`.
    """
    import numpy as np

    from foodviz.metrics.filters import sentence, similar_first

    correlations, selectivity, dead = scan.correlations(), scan.selectivity(), scan.dead()
    similarity = scan.similarity()
    chosen = np.array(numbers)
    order = similar_first(similarity[np.ix_(chosen, chosen)]).argsort()
    places = layer_map(scan.means[:, chosen])
    rows = []
    for row, number in enumerate(numbers):
        others = np.argsort(-similarity[number], kind="stable")
        others = others[(others != number) & ~dead[others]]
        top = scan.top(number, CROPS)
        ids = scan.ids[top].tolist()
        end, steps = reached.get(number, (None, 0))
        feeding = np.array([], int) if adds is None else np.argsort(-adds[number], kind="stable")
        rows.append(
            FilterRow(
                number,
                "" if dead[number] else sentence(correlations[number]),
                bool(dead[number]),
                round(float(selectivity[number]), 4),
                [None if np.isnan(value) else float(value) for value in class_means[number]],
                [] if dead[number] or selectivity[number] < _SELECTIVE else _largest(class_means[number]),
                ids,
                [split.names[index] for index in ids],
                [split.class_names[split.labels[index]] if split.labels[index] >= 0 else "" for index in ids],
                [round(float(value), 4) for value in scan.maxima[top, number]],
                _named(similarity[number], others[:_NEIGHBOURS]),
                _named(similarity[number], others[::-1][:_NEIGHBOURS]),
                [] if dead[number] else [int(each) for each in others if similarity[number, each] >= DOUBLED],
                [] if adds is None else [each for each in _named(adds[number], feeding[:_FEEDING]) if each[1] > 0],
                []
                if adds is None
                else [each for each in _named(adds[number], feeding[::-1][:_FEEDING]) if each[1] < 0],
                None if end is None else round(float(end), 4),
                steps,
                str(evidence.ways[row]),
                None if np.isnan(evidence.scaled[row]) else round(float(evidence.scaled[row]), 4),
                (round(float(places[row, 0]), 4), round(float(places[row, 1]), 4)),
                int(order[row]),
            )
        )
    return rows


def map_by(count: int) -> str:
    """What lays out the map of so many filters."""
    return "t-SNE" if count >= _ENOUGH else "the two principal components"


def layer_map(responses: np.ndarray) -> np.ndarray:
    """Where each filter lies on a map on which those that answer alike to photographs lie together, (K, 2) in [0, 1].

    t-SNE (van der Maaten and Hinton 2008, JMLR 9) by scikit-learn, from the principal components, on the correlation of
    the filters' means over the photographs; their first two components where there are too few filters for it.

    Args:
        responses: (n, K), the mean of each filter's map on each photograph.
    """
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    centred = (responses - responses.mean(0)).T.astype(np.float64)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    if len(unit) < 3 or unit.shape[1] < 3:
        places = np.column_stack([np.arange(len(unit)), np.zeros(len(unit))]).astype(np.float64)
    elif len(unit) < _ENOUGH:
        places = PCA(2, svd_solver="full").fit_transform(unit)
    else:
        # a unit vector's squared distance is twice 1 - r
        places = TSNE(2, perplexity=_PERPLEXITY, init="pca", random_state=0).fit_transform(unit).astype(np.float64)
    low, span = places.min(0), np.ptp(places, axis=0)
    return np.asarray(np.divide(places - low, span, out=np.full_like(places, 0.5), where=span > 0))


def _largest(means: np.ndarray) -> list[int]:
    """The classes with the largest means above the mean of all, at most _FAVOURITES."""
    import numpy as np

    order = np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")[:_FAVOURITES]
    return [int(each) for each in order if means[each] > np.nanmean(means)]


def _named(values: np.ndarray, chosen: np.ndarray) -> list[tuple[int, float]]:
    return [(int(each), round(float(values[each]), 4)) for each in chosen]
