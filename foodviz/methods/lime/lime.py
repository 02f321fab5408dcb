"""Which superpixels speak for a class, and which against it, by a straight line fitted around one photograph.

Ribeiro, Singh, Guestrin 2016, "Why Should I Trust You?", arXiv:1602.04938. The mathematics is that of the `lime`
package (rows of superpixels shown or hidden, cosine distance to the whole picture, exponential kernel, weighted ridge
regression with alpha 1), in closed form and for all targets at once; what differs from it:

- by default the samples are a balanced design instead of coin tosses (see `designs`), opposites share their
  kernel weight (see `fit`), and there are as many as the answer needs to settle;
- every superpixel's sign comes with its stability: in what share of a bootstrap's replicates it is the same (see
  `fit`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.methods.hidden import painted_over, sample_logits
from foodviz.methods.lime.designs import GROUP, blocks
from foodviz.methods.lime.fit import linear_fit, replicates, spearman
from foodviz.probabilities import probabilities

# Samples at most, as lime takes by default; `samples=None` stops before where the answer has settled.
MOST = 1000
# A sign is stable when it is the same in this share of the bootstrap's replicates.
STABLE = 0.95
# A weight below this share of the strongest stays out of a cut-out.
_FAINT = 0.1
# Settled: the strongest superpixels have stable signs, and replicates rank all of them like the fit.
_STRONGEST, _AGREEMENT = 5, 0.8


@dataclass(frozen=True)
class Explanation:
    """What LIME finds for one photograph: T targets, S superpixels, R samples, C classes."""

    segments: Tensor  # (H, W) int64, 0..S-1
    targets: tuple[int, ...]  # class indices
    weights: Tensor  # (T, S) float64: what showing the superpixel adds to the score, in logits or probability
    intercepts: Tensor  # (T,)
    fits: Tensor  # (T,) weighted R^2 of the straight line, at most 1
    spread: Tensor  # (T, S) standard error of the weights, over the bootstrap's replicates
    stability: Tensor  # (T, S) share of the replicates with the weight's sign, 0 to 1
    logits: Tensor  # (C,) of the photograph itself
    shown: Tensor  # (R, S) bool, the samples; row 0 is the photograph itself
    scores: Tensor  # (R, T) float64, the targets' scores of the samples
    settled: bool  # whether top signs and ranking stand; with a fixed number of samples they may not


def explain(
    model: nn.Module,
    image: Tensor,
    segments: Tensor,
    targets: Sequence[int],
    *,
    hidden: Tensor | None = None,
    samples: int | None = None,
    design: str = "balanced",
    output: str = "logits",
    kernel_width: float = 0.25,
    seed: int = 0,
    batch_size: int | None = None,
) -> Explanation:
    """The weight of every superpixel for every target.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C). The samples take its weights' type and device.
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1 without holes.
        targets: class indices; one fit serves all.
        hidden: (3, H, W), what hidden superpixels show; each one's mean colour if not given.
        samples: how many, the photograph itself among them; None: blocks of the design until settled, MOST at most.
        design: `balanced`, `antithetic` or `random`; `random` with samples=1000 is the lime package's fit.
        output: what the line is fitted to, `logits` or `probabilities`.
        kernel_width: of the exponential kernel, in cosine distance.
        seed: 0 to 2**32 - 1, of every draw; one for each picture, so that neither order nor company matters.
        batch_size: samples a forward; chosen by the device if not given.
    """
    most = MOST if samples is None else samples
    most -= (most - 1) % GROUP[design]
    hidden = painted_over(image, segments) if hidden is None else hidden
    shown = torch.empty(0, int(segments.max()) + 1, dtype=torch.bool)
    logits = torch.empty(0)
    for block in blocks(design, shown.shape[1], seed):
        shown = torch.cat([shown, torch.from_numpy(block)])[:most]
        if samples is not None and len(shown) < most:
            continue
        new = sample_logits(model, image, hidden, segments, shown[len(logits) :], batch_size)
        logits = torch.cat([logits, new]) if len(logits) else new
        scores = (logits if output == "logits" else probabilities(model, logits))[:, list(targets)]
        explanation = fitted(
            segments, targets, logits[0], shown, scores, kernel_width=kernel_width, group=GROUP[design], seed=seed
        )
        if explanation.settled or len(shown) >= most:
            break
    return explanation


def strongest(weights: Tensor, stability: Tensor, features: int, *, positive_only: bool = True) -> list[int]:
    """The superpixels of a cut-out, strongest first; weights and stability are (S,).

    At most `features`, only those whose sign is stable, and none with less than a tenth of the strongest's weight: a
    cut-out of what hardly counts would say that it does.
    """
    rank = (weights if positive_only else weights.abs()).where(stability >= STABLE, 0.0)
    order = rank.argsort(descending=True, stable=True)[: min(features, len(rank))]
    return [int(index) for index in order if rank[index] > _FAINT * rank.max()]


def fitted(
    segments: Tensor,
    targets: Sequence[int],
    logits: Tensor,
    shown: Tensor,
    scores: Tensor,
    *,
    kernel_width: float,
    group: int,
    seed: int,
) -> Explanation:
    """The fit, its bootstrap and what follows from both; arguments as in `Explanation` and `replicates`."""
    weights, intercepts, fits = linear_fit(shown, scores, kernel_width, group)
    others = replicates(shown, scores, kernel_width, group, seed)
    stability = (others.sign() == weights.sign()).double().mean(0)
    top = weights.abs().topk(min(_STRONGEST, weights.shape[1])).indices
    signs = bool((stability.gather(1, top) >= STABLE).all())
    ranking = weights.shape[1] == 1 or bool((spearman(others, weights).mean(0) >= _AGREEMENT).all())
    return Explanation(
        segments=segments.cpu(),
        targets=tuple(targets),
        weights=weights,
        intercepts=intercepts,
        fits=fits,
        spread=others.std(0),
        stability=stability,
        logits=logits,
        shown=shown,
        scores=scores,
        settled=signs and ranking,
    )


def attribution(explanations: Sequence[tuple[Explanation, int]], unit: str) -> Attribution:
    """Weights painted on their superpixels: one map for each explanation and the row of one of its targets.

    Args:
        explanations: N of them, of photographs of one size.
        unit: of the weights, `logits` or `probability`.

    Returns:
        (N, H, W) float64, a superpixel's whole weight at each of its pixels; `stable` where the weight's sign is.
        Checks: `r2` of the straight line, `stable_signs` of how many `superpixels`, how many `samples` it took, whether
        they were enough to be `settled`.
    """

    def painted(of_superpixels: Callable[[Explanation], Tensor]) -> Tensor:
        return torch.stack([of_superpixels(each)[row][each.segments] for each, row in explanations])

    return Attribution(
        painted(lambda each: each.weights),
        f"{unit} per superpixel",
        spread=painted(lambda each: each.spread),
        stable=painted(lambda each: each.stability >= STABLE),
        checks={
            "r2": torch.stack([each.fits[row] for each, row in explanations]),
            "stable_signs": torch.tensor([int((each.stability[row] >= STABLE).sum()) for each, row in explanations]),
            "superpixels": torch.tensor([each.weights.shape[1] for each, _ in explanations]),
            "samples": torch.tensor([len(each.shown) for each, _ in explanations]),
            "settled": torch.tensor([each.settled for each, _ in explanations]),
        },
    )
