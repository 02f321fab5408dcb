"""What a layer's filters respond to, measured over many photographs in one pass.

Correlations are Pearson's over all cells of all photographs, between a filter's map and the local properties averaged
over each cell. Similarity is the cosine of two filters' maps over all cells, each with its mean taken off (a norm's
offset is not a likeness). Selectivity is the share of the variance of a filter's mean activation that lies between the
classes (eta squared, 0 to 1).
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from foodviz.metrics.properties import OPPOSITES, PROPERTIES, local_properties

Array = NDArray[np.float64]


class Scan:
    """Sums over photographs from which everything else follows; `add` them in any chunks.

    Sums are taken about the first chunk's means, so that their differences keep their digits.
    """

    def __init__(self) -> None:
        self.cells = 0
        self.shift: Array = np.zeros(0)  # (K + P,)
        self.sums: Array = np.zeros(0)  # (K + P,)
        self.products: Array = np.zeros((0, 0))  # (K, K + P)
        self.squares: Array = np.zeros(0)  # (P,), of the properties
        self.ids: NDArray[np.int64] = np.zeros(0, np.int64)  # (n,)
        self.labels: NDArray[np.int64] = np.zeros(0, np.int64)  # (n,), -1 where unknown
        self.means: NDArray[np.float32] = np.zeros((0, 0), np.float32)  # (n, K), a map's mean for each photograph
        self.maxima: NDArray[np.float32] = np.zeros((0, 0), np.float32)  # (n, K)
        self.peaks: NDArray[np.int32] = np.zeros((0, 0), np.int32)  # (n, K), flat index of the maximum in the map
        self.minima: NDArray[np.float32] = np.zeros((0, 0), np.float32)  # (n, K)

    def add(self, images: Tensor, maps: Tensor, labels: Sequence[int], ids: Sequence[int]) -> None:
        """Take in n photographs (n, 3, H, W) in [0, 1] with their maps (n, K, h, w) of the layer."""
        properties = functional.adaptive_avg_pool2d(local_properties(images), (maps.shape[2], maps.shape[3]))
        values = torch.cat([maps, properties], 1).movedim(1, 0).flatten(1)  # (K + P, cells)
        if not self.cells:
            self.shift = _numbers(values.double().mean(1))
            self.sums, self.products = np.zeros(len(values)), np.zeros((maps.shape[1], len(values)))
            self.squares = np.zeros(len(PROPERTIES))
            self.means = self.maxima = self.minima = np.zeros((0, maps.shape[1]), np.float32)
            self.peaks = np.zeros((0, maps.shape[1]), np.int32)
        values = values - torch.from_numpy(self.shift).to(values)[:, None]
        self.cells += values.shape[1]
        self.sums += _numbers(values.double().sum(1))
        self.products += _numbers((values[: maps.shape[1]] @ values.T).double())
        self.squares += _numbers(values[maps.shape[1] :].double().square().sum(1))
        flat = maps.flatten(2)
        top, peak = flat.max(2)
        self.ids = np.append(self.ids, np.asarray(ids, np.int64))
        self.labels = np.append(self.labels, np.asarray(labels, np.int64))
        self.means = np.concatenate([self.means, flat.mean(2).cpu().numpy()])
        self.maxima = np.concatenate([self.maxima, top.cpu().numpy()])
        self.minima = np.concatenate([self.minima, flat.amin(2).cpu().numpy()])
        self.peaks = np.concatenate([self.peaks, peak.int().cpu().numpy()])

    def join(self, other: "Scan") -> None:
        """Take in what another scan of the same layer gathered of photographs that come after these."""
        if not self.cells:
            vars(self).update(deepcopy(vars(other)))
            return
        count = len(self.products)
        step = other.shift - self.shift  # other's sums are taken about means of its own
        mixed = np.outer(step[:count], other.sums) + np.outer(other.sums[:count], step)
        self.products = self.products + other.products + mixed + other.cells * np.outer(step[:count], step)
        self.squares = self.squares + other.squares + (2 * step * other.sums)[count:] + other.cells * step[count:] ** 2
        self.sums = self.sums + other.sums + other.cells * step
        self.cells += other.cells
        for name in ("ids", "labels", "means", "maxima", "peaks", "minima"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything gathered, by name, for a file; `restored` takes it back."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Scan":
        """The scan that gave these `arrays`."""
        scan = cls()
        vars(scan).update(arrays)
        scan.cells = int(arrays["cells"])
        return scan

    @classmethod
    def joined(cls, parts: Iterable[Mapping[str, NDArray[np.generic]]]) -> "Scan":
        """One scan of all that the `arrays` of several, in order, gathered."""
        scan = cls()
        for arrays in parts:
            scan.join(cls.restored(arrays))
        return scan

    def correlations(self) -> Array:
        """Pearson's r of each filter with each of PROPERTIES, (K, P); 0 where either never varies."""
        count = len(self.products)
        spread = np.sqrt(np.append(self._variances(), self._variance(self.squares, self.sums[count:])))
        return _ratio(self._covariances()[:, count:], np.outer(spread[:count], spread[count:]))

    def properties(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each of PROPERTIES over all cells, (P,) each."""
        count = len(self.products)
        return self.shift[count:] + self.sums[count:] / self.cells, np.sqrt(
            self._variance(self.squares, self.sums[count:])
        )

    def similarity(self) -> Array:
        """Cosine of each two filters' maps about their means, (K, K), in [-1, 1]; 0 for a filter that never varies."""
        spread = np.sqrt(self._variances())
        return _ratio(self._covariances()[:, : len(spread)], np.outer(spread, spread))

    def dead(self) -> NDArray[np.bool_]:
        """(K,) which filters answered the same everywhere."""
        return np.asarray(self.maxima.max(0) == self.minima.min(0))

    def class_means(self, classes: int, labels: NDArray[np.int64] | None = None) -> Array:
        """Mean activation for each class, (K, C); NaN for a class without a photograph.

        Args:
            classes: C.
            labels: (n,) in place of the photographs' own, where the model numbers its classes otherwise.
        """
        labels = self.labels if labels is None else labels
        empty = np.full(self.means.shape[1], np.nan)
        groups = [self.means[labels == label] for label in range(classes)]
        return np.stack([group.mean(0, dtype=np.float64) if len(group) else empty for group in groups], 1)

    def selectivity(self) -> Array:
        """Share of the variance of the mean activation that lies between the classes, (K,); 0 without labels."""
        centred = self.means.astype(np.float64) - self.means.mean(0, dtype=np.float64)
        between = np.zeros(centred.shape[1])
        for label in np.unique(self.labels[self.labels >= 0]):
            group = centred[self.labels == label]
            between += len(group) * group.mean(0) ** 2
        return _ratio(between, (centred**2).sum(0))

    def top(self, channel: int, count: int = 9) -> NDArray[np.int64]:
        """Rows (indices into `ids`) of the photographs with the channel's highest maxima, best first."""
        return np.argsort(-self.maxima[:, channel], kind="stable")[:count]

    def _variances(self) -> Array:
        count = len(self.products)
        return self._variance(np.diagonal(self.products), self.sums[:count])

    def _variance(self, squares: Array, sums: Array) -> Array:
        variance = squares / self.cells - (sums / self.cells) ** 2
        return np.where(variance > 1e-6 * squares / self.cells, variance, 0.0)  # a constant's rounding is not variance

    def _covariances(self) -> Array:
        count = len(self.products)
        return self.products / self.cells - np.outer(self.sums[:count], self.sums) / self.cells**2


def sentence(correlations: Array, strongest: int = 3) -> str:
    """The strongest correlations of one filter (P,) in words: `edges r=0.61, red r=0.33`."""
    order = np.argsort(-np.abs(correlations), kind="stable")[:strongest]
    parts = []
    for index in order:
        name, r = PROPERTIES[index], float(correlations[index])
        if r < 0 and name in OPPOSITES:
            name, r = OPPOSITES[name], -r
        parts.append(f"{name} r={r:.2f}")
    return ", ".join(parts)


def extremes(similarity: Array) -> tuple[tuple[int, int], tuple[int, int]]:
    """The nearest and the most opposite pair of a (K, K) similarity matrix, K >= 2, as rows (i < j)."""
    rows, columns = np.triu_indices(len(similarity), 1)
    values = similarity[rows, columns]
    best, worst = int(values.argmax()), int(values.argmin())
    return (int(rows[best]), int(columns[best])), (int(rows[worst]), int(columns[worst]))


def similar_first(similarity: Array) -> NDArray[np.int64]:
    """An order of the K filters in which like stands beside like: greedily from the pair that is nearest."""
    left = similarity.copy()
    np.fill_diagonal(left, -np.inf)
    order = [int(left.max(1).argmax())] if len(left) else []
    while len(order) < len(left):
        left[:, order[-1]] = -np.inf
        order.append(int(left[order[-1]].argmax()))
    return np.asarray(order)


def _numbers(values: Tensor) -> Array:
    return values.cpu().numpy()


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
