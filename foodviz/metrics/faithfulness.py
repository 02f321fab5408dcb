"""Do the pixels that a map marks carry the answer? Deletion and insertion of the cells of a grid.

Petsiuk, Das, Saenko 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models", arXiv:1806.07421,
section 4.2. Deviations: cells of a grid are taken away, not single pixels, whose loss makes adversarial grain; what is
gone shows what hides best on the picture (`methods.hidden`), not grey or a blur always; the two areas are judged
together, as insertion less deletion; and never alone, but beside those of orders that know nothing of the model:
chance, distance from the centre, and edge strength.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from foodviz.metrics.properties import edge_strength


@dataclass(frozen=True)
class Curves:
    """What became of one picture's probability.

    Attributes:
        shares: (K,) of the cells, from 0 to 1.
        deletion: (O, K) for each order the target's probability when that share, taken from its top, is hidden.
        insertion: (O, K) when that share alone is shown.
    """

    shares: Tensor
    deletion: Tensor
    insertion: Tensor

    @property
    def areas(self) -> tuple[Tensor, Tensor]:
        """(O,) and (O,): the mean probability during deletion, small where the order is right, and during insertion."""
        return torch.trapezoid(self.deletion, self.shares), torch.trapezoid(self.insertion, self.shares)

    @property
    def leads(self) -> Tensor:
        """(O,) insertion less deletion, -1 to 1; 0 is what an order of no meaning gets on average."""
        deletion, insertion = self.areas
        return insertion - deletion

    def of(self, row: int, count: int) -> "Curves":
        """One of the first `count` orders, with those behind them."""
        kept = [row, *range(count, len(self.deletion))]
        return Curves(self.shares, self.deletion[kept], self.insertion[kept])


def per_cell(values: Tensor, segments: Tensor) -> Tensor:
    """Mean over each cell: (N, H, W), or (N, 3, H, W) whose colours are added up, and (H, W) -> (N, S) float64."""
    planes = (values.sum(1) if values.ndim == 4 else values).flatten(1).double()
    index = segments.flatten().to(values.device)
    sums = planes.new_zeros(len(planes), int(index.max()) + 1).index_add_(1, index, planes)
    return sums / torch.bincount(index)


def baselines(image: Tensor, segments: Tensor, seed: int, chance: int) -> Tensor:
    """Scores of cells by what knows nothing of the model, (2 + chance, S) float64.

    Args:
        image: (3, H, W) in [0, 1].
        segments: (H, W) int64.
        seed: of the orders by chance.
        chance: how many orders by chance.

    Returns:
        Nearness to the centre, strength of edges, and then chance.
    """
    height, width = segments.shape
    y = (torch.arange(height) + 0.5).view(-1, 1) / height - 0.5
    x = (torch.arange(width) + 0.5) / width - 0.5
    centre = per_cell(-(y.square() + x.square())[None], segments).round(decimals=6)  # equal distances are equal
    edges = per_cell(edge_strength(image[None].cpu()), segments)
    drawn = torch.rand(chance, centre.shape[1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([centre, edges, drawn])


def curves(scores: Tensor, probabilities: Callable[[Tensor], Tensor], *, steps: int, seed: int) -> Curves:
    """Take cells away, and bring them in, in the order of their scores.

    Args:
        scores: (O, S), larger first.
        probabilities: which cells are shown, (R, S) bool -> (R,) the target's probability.
        steps: of equal length.
        seed: of the order among equal ones, one for all: from the first cell on, a mask would lose its top first.
    """
    count = scores.shape[1]
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    order = shuffled[scores[:, shuffled].argsort(dim=1, descending=True, stable=True)]
    places = order.argsort(dim=1)  # of each cell in the order
    ends = torch.linspace(0, count, min(steps, count) + 1).round()
    gone = places[:, None] < ends[1:-1, None]  # (O, K - 2, S); the two ends are the same for all orders
    inner = torch.cat([~gone, gone]).flatten(0, 1)
    whole = torch.ones(1, count, dtype=torch.bool)
    answers = probabilities(torch.cat([whole, ~whole, inner])).double()
    first, last = (answers[at].expand(len(scores), 1) for at in (0, 1))
    deletion, insertion = answers[2:].view(2, len(scores), -1)
    return Curves(ends / count, torch.cat([first, deletion, last], 1), torch.cat([last, insertion, first], 1))
