"""What the figures of one map come to, in one word and one line; docs/trust.md explains each figure.

Every threshold stands here. They were fixed on maps whose truth is known (the food's mask, chance, edge detectors, the
gradient of a network with shuffled weights; `scripts/trust.py` prints that table), not on taste.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BASELINES = ("chance", "the centre", "edges")  # what knows nothing of the model, see metrics.faithfulness
LEAST_TAKEN = 0.2  # of probability that hiding everything must take away: with less there is nothing to measure
BEHIND = 0.25  # how far a map's lead may lie behind the best order that knows nothing: their own scatter
LEAST_LEAD = 0.2  # four of five orders by chance have less
EDGE_LIKE = 0.85  # rank correlation with edge strength from which a map is an edge detector
SHUFFLED = (0.01, 0.25, 0.5, 1.0)  # of the layers, from the head down: the head alone, ever more, all
JUDGED = 1  # place in SHUFFLED: with more of them shuffled, even guided backprop changes, which draws edges
CHANGES = 0.7  # similarity to the map with those shuffled, as a share of that to the map under noise
STABLE = 0.5  # rank correlation under noise that does not change the answer

BELIEVABLE, DOUBTFUL, WRONG, UNMEASURED = "believable", "doubtful", "do not read", "not measured"
MARKS = {BELIEVABLE: "●", DOUBTFUL: "◐", WRONG: "○", UNMEASURED: "–"}


@dataclass(frozen=True)
class Figures:
    """What was measured of one map; None where it was not.

    Attributes:
        empty: the map is the same everywhere.
        taken: how much of the target's probability hiding everything takes away.
        deletion, insertion: areas under the curves of probability.
        lead: insertion less deletion, as a share of `taken`: about 0 by chance, 1 where one cell is the whole answer.
        leads: the same of each of BASELINES. deletions: their areas.
        edge_like: rank correlation with edge strength, cell by cell.
        noise: mean rank correlation with maps under small noise. top: the strongest tenth in common, a share.
        shuffled: rank correlation with the maps of ever more shuffled weights, for each of SHUFFLED.
        pointing: whether the maximum lies on the object. on_object: share of the map there. object: its share of the
            picture.
    """

    empty: bool = False
    taken: float = 0.0
    deletion: float | None = None
    insertion: float | None = None
    lead: float | None = None
    leads: Sequence[float] = ()
    deletions: Sequence[float] = ()
    edge_like: float | None = None
    noise: float | None = None
    top: float | None = None
    shuffled: Sequence[float] = ()
    pointing: float | None = None
    on_object: float | None = None
    object: float | None = None


def verdict(figures: Figures) -> tuple[str, str]:
    """A word, one of MARKS, and the reason with its figures in brackets."""
    if figures.empty:
        return UNMEASURED, "the map is the same everywhere: the score does not depend on the picture"
    if figures.shuffled and figures.noise is not None and figures.shuffled[JUDGED] > CHANGES * max(figures.noise, 0.1):
        both = f"{figures.shuffled[JUDGED]:.2f} with those of the head shuffled, {figures.noise:.2f} under noise"
        return WRONG, f"hardly changes with the weights (rank correlation {both})"
    if figures.lead is None:
        return UNMEASURED, f"hiding everything takes only {max(figures.taken, 0.0):.0%} of the class's probability away"
    word, reason = _faithful(figures)
    if word == BELIEVABLE and figures.noise is not None and figures.noise < STABLE:
        return DOUBTFUL, f"noise that changes no answer changes it (rank correlation {figures.noise:.2f})"
    return word, "; ".join([reason, *_others(figures)])


def _faithful(figures: Figures) -> tuple[str, str]:
    assert figures.lead is not None
    assert figures.deletion is not None
    best = max(range(len(BASELINES)), key=lambda place: figures.leads[place])
    if figures.edge_like is not None and figures.edge_like >= EDGE_LIKE:
        return WRONG, f"an edge detector draws the same (rank correlation {figures.edge_like:.2f})"
    if figures.lead < LEAST_LEAD:
        return WRONG, f"hiding by it takes away no more than chance (lead {figures.lead:.2f})"
    behind = f"(lead {figures.lead:.2f} against {figures.leads[best]:.2f})"
    if figures.lead < figures.leads[best] - BEHIND:
        word = WRONG if BASELINES[best] == "edges" else DOUBTFUL
        return word, f"{BASELINES[best]} alone {'does' if best < 2 else 'do'} better {behind}"
    times = figures.deletions[best] / max(figures.deletion, 1e-6)
    if times >= 1.05:
        return BELIEVABLE, f"takes the answer away {times:.1f} times as fast as {BASELINES[best]} {behind}"
    return BELIEVABLE, f"takes the answer away as fast as {BASELINES[best]}, the best guess {behind}"


def _others(figures: Figures) -> list[str]:
    parts = []
    if figures.shuffled:
        parts.append(f"changes with the weights ({figures.shuffled[JUDGED]:.2f})")
    if figures.noise is not None:
        parts.append(f"{'stable' if figures.noise >= STABLE else 'unstable'} ({figures.noise:.2f})")
    if figures.on_object is not None and figures.object is not None:
        parts.append(f"{figures.on_object:.0%} on the food ({figures.object:.0%} of the picture)")
    return parts
