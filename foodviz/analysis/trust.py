"""How far the maps of an analysis can be believed: the measures of `metrics`, on this model and these pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from foodviz.metrics.verdict import MARKS, Figures, verdict

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

# Steps of the curves, orders by chance, copies under noise.
_EFFORT = {"quick": (8, 2, 1), "full": (32, 8, 4)}
_NOISE = 0.02  # deviation, as a share of the pixel range
_SHARES = (0.01, 0.25, 0.5, 1.0)  # of the layers that are shuffled, from the head down: first the head alone


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


def of_maps(
    photographs: Photographs,
    attributions: Sequence[Attribution],
    covers: Sequence[Cover],
    targets: torch.Tensor,
    level: Level,
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
    from foodviz.metrics.faithfulness import curves, grid

    if level == "none":
        return []
    segments = grid(photographs.images.shape[-2:])
    steps, chance, copies = _EFFORT[level]
    deeper: list[list[dict[str, Any]]] = [
        _repeated(photographs, first, each, model, copies) if each is not None else [{} for _ in first.maps]
        for first, each in zip(attributions, again, strict=False)
    ]
    if level == "full":
        for of_method, first, each in zip(deeper, attributions, again, strict=False):
            for found, more in zip(of_method, _shuffled(photographs, first, each) if each else [], strict=False):
                found |= more
    trusts: list[list[Trust]] = [[] for _ in attributions]
    for place, (cover, target) in enumerate(zip(covers, targets, strict=True)):
        scores = _scores(photographs, attributions, place, segments, chance)
        answered = curves(scores, _probabilities(photographs, model, place, cover, target), steps=steps, chance=chance)
        for row, attribution in enumerate(attributions):
            figures = _figures(attribution.values[place], scores, answered, row, len(attributions))
            figures |= _on_object(photographs, place, attribution.maps[place])
            figures |= deeper[row][place] if deeper else {}
            measured = Figures(**figures)
            trusts[row].append(Trust(measured, *verdict(measured), curves=answered.of(row, len(attributions))))
    return trusts


def _scores(
    photographs: Photographs, attributions: Iterable[Attribution], place: int, segments: torch.Tensor, chance: int
) -> torch.Tensor:
    """(attributions + baselines, S): how cells rank, of one picture."""
    import torch

    from foodviz.metrics.faithfulness import baselines, per_cell

    maps = torch.cat([per_cell(each.values[place][None].cpu(), segments) for each in attributions])
    blind = baselines(photographs.images[place], segments, photographs.seeds[place], chance)
    return torch.cat([maps, blind])


def _probabilities(photographs: Photographs, model: Classifier, place: int, cover: Cover, target: torch.Tensor) -> Any:
    """Which cells are shown (R, S) -> the target's probability (R,), against the other class where there is one."""
    from foodviz.methods.hidden import sample_logits
    from foodviz.metrics.faithfulness import grid

    segments = grid(photographs.images.shape[-2:])

    def answer(shown: torch.Tensor) -> torch.Tensor:
        logits = sample_logits(model, photographs.images[place], cover.picture, segments, shown)
        pair = target.cpu()
        return logits[:, pair].softmax(1)[:, 0] if pair.ndim else logits.softmax(1)[:, int(pair)]

    return answer


def _figures(values: torch.Tensor, scores: torch.Tensor, answered: Curves, row: int, count: int) -> dict[str, Any]:
    """Faithfulness of one map of `count`, beside the baselines that stand behind them."""
    from foodviz.metrics.agreement import rank_correlation
    from foodviz.metrics.verdict import LEAST_TAKEN

    deletions, insertions = (area.tolist() for area in answered.areas)
    taken = float(answered.deletion[row, 0] - answered.deletion[row, -1])
    empty = bool((values == values.flatten()[0]).all())
    if taken < LEAST_TAKEN or empty:
        return {"empty": empty, "taken": taken}
    leads = (answered.leads / taken).tolist()

    def of_baselines(of_orders: Sequence[float]) -> list[float]:
        centre, edges, *chance = of_orders[count:]
        return [math.fsum(chance) / len(chance), centre, edges]

    return {
        "taken": taken,
        "deletion": deletions[row],
        "insertion": insertions[row],
        "lead": leads[row],
        "leads": of_baselines(leads),
        "deletions": of_baselines(deletions),
        "edge_like": rank_correlation(scores[row].numpy(), scores[count + 1].numpy()),
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


def _repeated(
    photographs: Photographs, first: Attribution, attributing: Attributing, model: Classifier, copies: int
) -> list[dict[str, Any]]:
    """How like each picture's map the method's maps are under noise that does not change the answer."""
    import numpy as np
    import torch

    from foodviz.metrics.agreement import rank_correlation, top_overlap

    images = photographs.images
    same: list[list[tuple[float, float]]] = [[] for _ in first.maps]
    with torch.inference_mode():
        named = photographs.logits.argmax(1)
    for copied in range(1, copies + 1):
        seeds = [seed + copied for seed in photographs.seeds]
        drawn = [torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        noisy = (images + _NOISE * torch.stack(drawn).to(images)).clamp(0, 1)
        with torch.inference_mode():
            kept = (model(noisy).argmax(1) == named).tolist()
        for place, values in enumerate(attributing(noisy, seeds=seeds).maps):
            if kept[place]:
                pair = first.maps[place], values
                same[place].append((rank_correlation(*pair), top_overlap(*pair)))
    return [
        {"noise": float(np.mean([each for each, _ in pairs])), "top": float(np.mean([each for _, each in pairs]))}
        if pairs
        else {}
        for pairs in same
    ]


def _shuffled(photographs: Photographs, first: Attribution, attributing: Attributing) -> list[dict[str, Any]]:
    """How like each picture's map those of ever more shuffled weights are."""
    from foodviz.methods.randomised import randomised
    from foodviz.metrics.agreement import rank_correlation

    found: list[list[float]] = [[] for _ in first.maps]
    for other in randomised(attributing.model, _SHARES, photographs.subject.seed):
        for place, values in enumerate(attributing(photographs.images, model=other).maps):
            found[place].append(rank_correlation(first.maps[place], values))
    return [{"shuffled": of_picture} for of_picture in found]


# For the page, once.
EXPLAINED = (
    "Lead: how much more of the answer is there when the marked cells are shown than when they are hidden, from -1 to "
    "1; chance has about 0. A map is compared with what knows nothing of the model: chance, nearness to the centre, "
    "and edges. docs/trust.md explains every figure."
)


def note(covers: Sequence[Cover]) -> str:
    """For below a figure: what stood in place of what was hidden."""
    from foodviz.analysis.hiding import shown

    ways = dict.fromkeys(shown(cover) for cover in covers)
    return f"Believed or not by hiding and showing cells of a grid; what is hidden shows {' or '.join(ways)}."


def arrays(asked: Sequence[Attributing], trusts: Sequence[Sequence[Trust]]) -> dict[str, np.ndarray]:
    """The curves by name: shares, deletion and insertion, the latter of the map, the centre, edges and chance."""
    import numpy as np

    found = {}
    for attributing, row in zip(asked, trusts, strict=False):
        tail = f"_{attributing.method}" if len(asked) > 1 else ""
        found["shares"] = row[0].curves.shares.numpy()
        for name in ("deletion", "insertion"):
            found[name + tail] = np.stack([getattr(trust.curves, name).numpy() for trust in row])
    return found
