"""Which superpixels speak for a class, and which against it, by a straight line fitted around one photograph.

Ribeiro, Singh, Guestrin 2016, "Why Should I Trust You?", arXiv:1602.04938. The mathematics is that of the `lime`
package (rows of superpixels shown or hidden, cosine distance to the whole picture, exponential kernel, weighted ridge
regression with alpha 1), in closed form and for all targets at once; what differs from it:

- by default the samples are a balanced design instead of coin tosses (see `lime_designs`), and as many as the answer
  needs to settle;
- every superpixel's sign comes with its stability: a wild bootstrap of the fit (Wu 1986, "Jackknife, bootstrap and
  other resampling methods in regression analysis"; a row and its opposite keep one sign, residuals corrected for
  leverage as by Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.methods.hooks import evaluating
from foodviz.methods.lime_designs import GROUP, blocks
from foodviz.methods.superpixels import painted_over

# Samples at most, as lime takes by default; `samples=None` stops before where the answer has settled.
MOST = 1000
# A sign is stable when it is the same in this share of the bootstrap's replicates.
STABLE = 0.95
# Settled: the strongest superpixels have stable signs, and replicates rank all of them like the fit.
_STRONGEST, _AGREEMENT = 5, 0.8
_REPLICATES = 200
_ALPHA = 1.0


@dataclass(frozen=True)
class Superpixels:
    """LIME's answer for one photograph: T targets, S superpixels, R samples, C classes."""

    segments: Tensor  # (H, W) int64, 0..S-1
    targets: tuple[int, ...]  # class indices
    weights: Tensor  # (T, S) float64: what showing the superpixel adds to the score, in logits or probability
    intercepts: Tensor  # (T,)
    fits: Tensor  # (T,) weighted R^2 of the straight line, at most 1
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
) -> Superpixels:
    """The weight of every superpixel for every target.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C). The samples take its weights' type and device.
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1 without holes.
        targets: class indices; one fit serves all.
        hidden: (3, H, W), what hidden superpixels show; each one's mean colour if not given.
        samples: how many, the photograph itself among them; None: blocks of the design until settled, MOST at most.
        design: `balanced`, `antithetic` or `random`; `random` with samples=1000 is the lime package's answer.
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
        scores = (logits if output == "logits" else logits.softmax(1))[:, list(targets)]
        answer = summed_up(
            segments, targets, logits[0], shown, scores, kernel_width=kernel_width, group=GROUP[design], seed=seed
        )
        if answer.settled or len(shown) >= most:
            break
    return answer


def linear_fit(shown: Tensor, scores: Tensor, kernel_width: float = 0.25) -> tuple[Tensor, Tensor, Tensor]:
    """Lime's weighted ridge regression, every target in one solve.

    Args:
        shown: (R, S) bool.
        scores: (R, T) float64.
        kernel_width: of the exponential kernel, in cosine distance to the row that shows everything.

    Returns:
        Weights (T, S), intercepts (T,) and weighted R^2 (T,), float64. The intercept is not penalised.
    """
    near = _proximity(shown, kernel_width)[:, None]
    rows = shown.double()
    middle, level = (near * rows).sum(0) / near.sum(), (near * scores).sum(0) / near.sum()
    left, right = near.sqrt() * (rows - middle), near.sqrt() * (scores - level)
    weights = torch.linalg.solve(left.T @ left + _ALPHA * torch.eye(rows.shape[1]).double(), left.T @ right)
    missed, spread = (right - left @ weights).square().sum(0), right.square().sum(0)
    perfect = (missed == 0).double()  # scores that never change: as scikit-learn has it
    fits = torch.where(spread > 0, 1 - missed / spread.clamp(min=torch.finfo(torch.float64).tiny), perfect)
    return weights.T, level - middle @ weights, fits


def replicates(shown: Tensor, scores: Tensor, kernel_width: float, group: int, seed: int) -> Tensor:
    """What the weights might as well have been, had chance fallen otherwise: a wild bootstrap of `linear_fit`.

    Args:
        shown, scores, kernel_width: as in `linear_fit`; row 0, which is not drawn, stays as it is.
        group: how many rows belong together (they are opposites), from row 1 on.
        seed: of the signs.

    Returns:
        (replicates, T, S) float64.
    """
    weights, intercepts, _ = linear_fit(shown, scores, kernel_width)
    near = _proximity(shown, kernel_width)[:, None]
    rows = shown.double()
    left = near.sqrt() * (rows - (near * rows).sum(0) / near.sum())
    pull = torch.linalg.solve(left.T @ left + _ALPHA * torch.eye(rows.shape[1]).double(), left.T).T
    residuals = near.sqrt() * (scores - intercepts - rows @ weights.T)
    grouped = [values[1:].unflatten(0, (-1, group)) for values in (left, pull, near.sqrt(), residuals)]
    left, pull, near, residuals = grouped
    hat = left @ pull.mT + near @ near.mT / (1 + near.square().sum())
    spectrum, basis = torch.linalg.eigh(torch.eye(group) - (hat + hat.mT) / 2)
    corrected = basis @ ((basis.mT @ residuals) / spectrum.clamp(min=0.01).sqrt()[..., None])
    signs = torch.from_numpy(np.random.default_rng(seed).choice([-1.0, 1.0], (_REPLICATES, len(pull))))
    moves = torch.einsum("ngs,ngt->nts", pull, corrected)
    return weights + torch.einsum("rn,nts->rts", signs, moves)


def strongest(weights: Tensor, features: int, *, positive_only: bool = True) -> list[int]:
    """The `features` superpixels of a cut-out, strongest first; fewer where fewer are positive. Weights are (S,)."""
    rank = weights if positive_only else weights.abs()
    return [int(index) for index in rank.argsort(descending=True, stable=True)[:features] if rank[index] > 0]


def spearman(weights: Tensor, others: Tensor) -> Tensor:
    """Rank correlation along the last dimension; 0 where there is only one value."""
    ranks = [values.argsort(-1).argsort(-1).double() for values in (weights, others)]
    left, right = (rank - rank.mean(-1, keepdim=True) for rank in ranks)
    return torch.cosine_similarity(left, right, dim=-1)


def summed_up(
    segments: Tensor,
    targets: Sequence[int],
    logits: Tensor,
    shown: Tensor,
    scores: Tensor,
    *,
    kernel_width: float,
    group: int,
    seed: int,
) -> Superpixels:
    """The fit, its bootstrap and what follows from both; arguments as in `Superpixels` and `replicates`."""
    weights, intercepts, fits = linear_fit(shown, scores, kernel_width)
    others = replicates(shown, scores, kernel_width, group, seed)
    stability = (others.sign() == weights.sign()).double().mean(0)
    strongest = weights.abs().topk(min(_STRONGEST, weights.shape[1])).indices
    signs = bool((stability.gather(1, strongest) >= STABLE).all())
    ranking = weights.shape[1] == 1 or bool((spearman(others, weights).mean(0) >= _AGREEMENT).all())
    return Superpixels(
        segments.cpu(), tuple(targets), weights, intercepts, fits, stability, logits, shown, scores, signs and ranking
    )


@torch.inference_mode()
def sample_logits(
    model: nn.Module, image: Tensor, hidden: Tensor, segments: Tensor, shown: Tensor, batch_size: int | None = None
) -> Tensor:
    """What the model says of the samples; arguments as in `explain`, the samples are `shown` (R, S) bool.

    Returns:
        (R, C) float64 logits, on the CPU.
    """
    weight = next(model.parameters(), image)
    here = segments.to(weight.device)
    pixels, colours = (picture.to(weight).permute(1, 2, 0).contiguous() for picture in (image, hidden))
    answers = []
    with evaluating(model):
        for rows in torch.split(shown.to(weight.device), batch_size or _batch_size(image, weight.device)):
            visible = rows[:, here][..., None]  # one gather makes all masks
            samples = torch.where(visible, pixels, colours).permute(0, 3, 1, 2)  # channels-last as it stands
            answers.append(model(samples).double().cpu())
    return torch.cat(answers)


def _batch_size(image: Tensor, device: torch.device) -> int:
    """Samples a forward: as many as half the accelerator's free memory takes; on the CPU few enough for its caches.

    Some 2 KB a pixel is what the first layers of the usual nets hold at once.
    """
    free = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else 512 << 20
    return int(min(max(free // (2048 * image[0].numel()), 1), MOST))


def _proximity(shown: Tensor, kernel_width: float) -> Tensor:
    """Weight of each sample, (R,) float64. A row that shows k of S has the cosine distance 1 - sqrt(k / S)."""
    distance = 1 - shown.double().mean(1).sqrt()
    return (-distance.square() / (2 * kernel_width**2)).exp()  # lime takes the root of exp(-d^2 / width^2)
