"""The straight line that LIME fits around a photograph, and how far chance could have bent it.

The fit is that of the `lime` package: cosine distance to the row that shows everything, exponential kernel, weighted
ridge regression with alpha 1; here in closed form and for all targets at once.

Where every sample is followed by its opposite, the two share the mean of their kernel weights: then what both have in
common falls out of the weights altogether. In the limit this moves LIME's weights little (rank correlation 0.98 and
0.99 on two images), and 240 samples gain more by it than that.

The bootstrap is a wild one (Wu 1986, "Jackknife, bootstrap and other resampling methods in regression analysis"): the
samples stay, their residuals change sign at random, a row and its opposite together. Residuals are corrected for
leverage (Bell and McCaffrey 2002, "Bias reduction in standard errors for linear regression with multi-stage samples"):
a design with few rows to spare fits its own noise.
"""

import numpy as np
import torch
from torch import Tensor

_ALPHA = 1.0
_REPLICATES = 200
_AT_ONCE = 1 << 26  # values of rows by targets by superpixels that are held at once: half a gigabyte
_ROUNDING = 1e-13
_LEAST = 0.01  # of a residual that is left over by the fit: what has less says nothing about the noise


def linear_fit(
    shown: Tensor, scores: Tensor, kernel_width: float = 0.25, group: int = 1
) -> tuple[Tensor, Tensor, Tensor]:
    """Lime's weighted ridge regression, every target in one solve.

    Args:
        shown: (R, S) bool.
        scores: (R, T) float64.
        kernel_width: of the exponential kernel, in cosine distance to the row that shows everything.
        group: how many rows belong together from row 1 on, 2 for opposites; 1 is lime's own fit.

    Returns:
        Weights (T, S), intercepts (T,) and weighted R^2 (T,), float64. The intercept is not penalised.
    """
    near, middle, left = _weighted(shown, kernel_width, group)
    level = (near * scores).sum(0) / near.sum()
    risen = scores - level
    # Of scores that never change the mean's rounding leaves a little, which is no weight of anything.
    right = near.sqrt() * risen.where(risen.abs() > _ROUNDING * level.abs(), 0.0)
    weights = _solve(left, right)
    missed, spread = (right - left @ weights).square().sum(0), right.square().sum(0)
    perfect = (missed == 0).double()  # scores that never change: as scikit-learn has it
    fits = torch.where(spread > 0, 1 - missed / spread.clamp(min=torch.finfo(torch.float64).tiny), perfect)
    return weights.T, level - middle @ weights, fits


def replicates(shown: Tensor, scores: Tensor, kernel_width: float, group: int, seed: int) -> Tensor:
    """What the weights of `linear_fit` might as well have been, had chance fallen otherwise.

    Args:
        shown, scores, kernel_width, group: as in `linear_fit`; row 0, which is not drawn, stays as it is.
        seed: of the signs.

    Returns:
        (replicates, T, S) float64.
    """
    weights, intercepts, _ = linear_fit(shown, scores, kernel_width, group)
    near, _, left = _weighted(shown, kernel_width, group)
    residuals = near.sqrt() * (scores - intercepts - shown.double() @ weights.T)
    pull = _solve(left).T  # of each row on each weight
    total = near.sum()
    left, pull, near, residuals = (
        rows[1:].view(-1, group, rows.shape[1]) for rows in (left, pull.contiguous(), near, residuals)
    )
    hat = left @ pull.mT + near.sqrt() @ near.sqrt().mT / total
    kept, basis = torch.linalg.eigh(torch.eye(group) - (hat + hat.mT) / 2)
    corrected = basis @ (basis.mT @ residuals / kept.clamp(min=_LEAST).sqrt()[..., None])
    signs = torch.from_numpy(np.random.default_rng(seed).choice([-1.0, 1.0], (_REPLICATES, len(pull))))
    parts = [
        torch.einsum("rn,nts->rts", signs, torch.einsum("ngs,ngt->nts", pull, some))
        for some in corrected.split(max(1, _AT_ONCE // max(1, pull.numel())), dim=-1)
    ]
    return weights + torch.cat(parts, 1)


def spearman(weights: Tensor, others: Tensor) -> Tensor:
    """Rank correlation along the last dimension; 0 where there is only one value."""
    ranks = [values.argsort(-1).argsort(-1).double() for values in (weights, others)]
    left, right = (rank - rank.mean(-1, keepdim=True) for rank in ranks)
    return torch.cosine_similarity(left, right, dim=-1)


def _weighted(shown: Tensor, kernel_width: float, group: int) -> tuple[Tensor, Tensor, Tensor]:
    """Weight of each row (R, 1), mean row (S,), and the rows centred and scaled by the root of their weight (R, S).

    A row that shows k of S superpixels has the cosine distance 1 - sqrt(k / S).
    """
    rows = shown.double()
    distance = 1 - rows.mean(1, keepdim=True).sqrt()
    near = (-distance.square() / (2 * kernel_width**2)).exp()  # lime takes the root of exp(-d^2 / width^2)
    near[1:] = near[1:].view(-1, group, 1).mean(1, keepdim=True).expand(-1, group, 1).reshape(-1, 1)
    middle = (near * rows).sum(0) / near.sum()
    return near, middle, near.sqrt() * (rows - middle)


def _solve(left: Tensor, right: Tensor | None = None) -> Tensor:
    """(left'left + alpha)^-1 left'right; `right` is the identity where none is given, and never made: it is R by R."""
    gram = left.T @ left + _ALPHA * torch.eye(left.shape[1], dtype=left.dtype)
    return torch.linalg.solve(gram, left.T if right is None else left.T @ right)  # type: ignore[no-any-return]
