"""How far the maps of an analysis can be believed: the measures of `metrics`, on this model and these pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from foodviz.analysis.repetition import asked_again
from foodviz.errors import require
from foodviz.metrics.verdict import JUDGED, LEAST_TAKEN, MARKS, SHUFFLED, Figures, verdict

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.photographs import Photographs
    from foodviz.attribution import Attribution
    from foodviz.methods.hidden import Cover
    from foodviz.metrics.faithfulness import Curves
    from foodviz.models import Classifier

Level = Literal["none", "quick", "full"]


@dataclass(frozen=True)
class Effort:
    """How much is measured of each map.

    Attributes:
        steps: of the curves. chance: orders by chance. copies: under noise.
        shuffled: shares of the layers, see SHUFFLED; none for not asking networks with shuffled weights.
    """

    steps: int
    chance: int
    copies: int
    shuffled: Sequence[float] = ()


EFFORT: Mapping[Level, Effort] = {"quick": Effort(8, 2, 1), "full": Effort(32, 8, 4, SHUFFLED)}
# As quick, with the shuffling that is judged by: many pictures make up for coarse figures.
OF_MANY = Effort(8, 2, 1, SHUFFLED[: JUDGED + 1])


@dataclass(frozen=True, eq=False)
class Trust:
    """One map's figures, what they come to, and the curves behind them."""

    figures: Figures
    verdict: str
    reason: str
    curves: Curves

    @property
    def mark(self) -> str:
        """A sign for the word."""
        return MARKS[self.verdict]

    @property
    def line(self) -> str:
        """In one line."""
        return f"{self.verdict}: {self.reason}"

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {"verdict": self.verdict, "reason": self.reason, **asdict(self.figures)}


def check(level: str) -> None:
    """Refuse a level that there is not.

    Raises:
        InputError: it is none of Level's.
    """
    require(level in get_args(Level), "trust", level, f"there are {', '.join(get_args(Level))}")


def of_maps(
    photographs: Photographs,
    attributions: Sequence[Attribution],
    covers: Sequence[Cover],
    targets: torch.Tensor,
    level: Level | Effort,
    model: Classifier,
    again: Sequence[Attributing | None] = (),
) -> list[list[Trust]]:
    """The trust in each map of each attribution: a list for each of them; none where `level` is none.

    Args:
        attributions: one map for each picture, of one or several methods.
        covers: N, what each picture shows where it is hidden.
        targets: (N,) class indices, or (N, 2) where the one is explained against the other.
        model: a fast one.
        again: what gave each attribution, to be asked again; None for a map that is not to be.
    """
    if level == "none":
        return []
    import torch

    from foodviz.methods.hidden import grid
    from foodviz.metrics.faithfulness import baselines, curves, per_cell

    segments = grid(photographs.images.shape[-2:])
    effort = level if isinstance(level, Effort) else EFFORT[level]
    deeper = [
        asked_again(photographs, first, each, model, effort.copies, effort.shuffled)
        for first, each in zip(attributions, again or [None] * len(attributions), strict=True)
    ]
    cells = torch.stack([per_cell(each.values.cpu(), segments) for each in attributions])  # (methods, N, S)
    trusts: list[list[Trust]] = [[] for _ in attributions]
    for place, (cover, target) in enumerate(zip(covers, targets, strict=True)):
        blind = baselines(photographs.images[place], segments, photographs.seeds[place], effort.chance)
        scores = torch.cat([cells[:, place], blind])
        answer = _probabilities(photographs, model, place, cover, segments, target)
        answered = curves(scores, answer, steps=effort.steps, seed=photographs.seeds[place])
        for row, attribution in enumerate(attributions):
            own = answered.of(row, len(attributions))
            measured = Figures(
                **_faithfulness(attribution.values[place], own, scores[row], blind),
                **_on_object(photographs, place, attribution.maps[place]),
                **deeper[row][place],
            )
            trusts[row].append(Trust(measured, *verdict(measured), own))
    return trusts


def _probabilities(
    photographs: Photographs,
    model: Classifier,
    place: int,
    cover: Cover,
    segments: torch.Tensor,
    target: torch.Tensor,
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Which cells are shown (R, S) -> the target's probability (R,), against the other class where there is one."""
    from foodviz.methods.hidden import sample_logits
    from foodviz.probabilities import probabilities

    def answer(shown: torch.Tensor) -> torch.Tensor:
        logits = sample_logits(model, photographs.images[place], cover.picture, segments, shown)
        pair = target.cpu()
        return logits[:, pair].softmax(1)[:, 0] if pair.ndim else probabilities(model, logits)[:, int(pair)]

    return answer


def _faithfulness(values: torch.Tensor, own: Curves, cells: torch.Tensor, blind: torch.Tensor) -> dict[str, Any]:
    """One map's areas and lead beside those of what is blind to the model; without where there is nothing to measure.

    Args:
        values: the map.
        own: curves of the map, then of the blind orders: the centre, edges, and chance.
        cells: (S,) of the map. blind: (O, S).
    """
    from foodviz.metrics.agreement import rank_correlation

    taken = float(own.deletion[0, 0] - own.deletion[0, -1])
    empty = bool((values == values.flatten()[0]).all())
    if empty or taken < LEAST_TAKEN:
        return {"empty": empty, "taken": taken}
    deletions, insertions = (area.tolist() for area in own.areas)
    leads = (own.leads / taken).tolist()

    def of_blind(values: Sequence[float]) -> list[float]:
        _, centre, edges, *chance = values
        return [math.fsum(chance) / len(chance), centre, edges]

    return {
        "taken": taken,
        "deletion": deletions[0],
        "insertion": insertions[0],
        "lead": leads[0],
        "leads": of_blind(leads),
        "deletions": of_blind(deletions),
        "edge_like": rank_correlation(cells.numpy(), blind[1].numpy()),
    }


def _on_object(photographs: Photographs, place: int, values: np.ndarray) -> dict[str, Any]:
    """Localisation, where the data has masks."""
    from foodviz.metrics.localisation import pointing, share_on

    where, region = photographs.region(place, values.shape[-2:])
    if where != "the food":
        return {}
    share, area = share_on(values.clip(min=0), region)
    flat = values.sum(0) if values.ndim == 3 else values
    return {"pointing": pointing(flat, region), "on_object": share, "object": area}


# For the page, once.
EXPLAINED = (
    "Lead: how much more of the answer is there when the marked cells are shown than when they are hidden, as a share "
    "of what there is to take; chance has about 0. A map is compared with what knows nothing of the model: chance, "
    "nearness to the centre, and edges. docs/trust.md explains every figure."
)


def note(covers: Sequence[Cover]) -> str:
    """For below a figure: what stood in place of what was hidden."""
    from foodviz.analysis.hiding import shown

    ways = dict.fromkeys(shown(cover) for cover in covers)
    return f"Believed or not by hiding and showing cells of a grid; what is hidden shows {' or '.join(ways)}."


def arrays(methods: Sequence[str], trusts: Sequence[Sequence[Trust]]) -> dict[str, np.ndarray]:
    """The curves by name: `shares` (K,), and of each method deletion and insertion (N, O, K).

    The orders are the map's own, the centre, edges, and then chance. Of several methods the names end in the method's.
    """
    import numpy as np

    found = {}
    for method, row in zip(methods, trusts, strict=False):
        tail = f"_{method}" if len(methods) > 1 else ""
        found["shares"] = row[0].curves.shares.numpy()
        for name in ("deletion", "insertion"):
            found[name + tail] = np.stack([getattr(trust.curves, name).numpy() for trust in row])
    return found
