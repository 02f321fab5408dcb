"""How much of the score's rise from a plain picture to the image does each value account for?

Sundararajan, Taly, Yan 2017, "Axiomatic Attribution for Deep Networks", arXiv:1703.01365, section 3. The integral along
the straight path is a Gauss-Legendre sum.
"""

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.hooks import evaluating
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of


def attribute(
    model: nn.Module, images: Tensor, targets: Tensor, *, steps: int = 64, baseline: float = 0.0, score: Score = logit
) -> Attribution:
    """The path's gradients times the way from the plain picture; further arguments as in `gradient.input_gradient`.

    Args:
        steps: points on the path.
        baseline: the plain picture's intensity in [0, 1]; 0 is black.

    Returns:
        (N, 3, H, W), signed, in units of the score; they sum to score(image) - score(baseline). The check
        `completeness_gap`, (N,), is how far the sum misses that, as a share of the difference: the error of the finite
        number of steps.
    """
    points, weights = np.polynomial.legendre.leggauss(steps)
    places = torch.tensor((points + 1) / 2, dtype=images.dtype, device=images.device).view(-1, 1, 1, 1)
    shares = torch.tensor(weights / 2, dtype=images.dtype, device=images.device).view(-1, 1, 1, 1)
    plain = torch.full_like(images, baseline)
    attributions, count = [], images_a_pass(images)
    for image, start, target in zip(images, plain, targets, strict=True):
        total = torch.zeros_like(image)
        for place, share in zip(torch.split(places, count), torch.split(shares, count), strict=True):
            path = start + place * (image - start)
            total += (share * input_gradient(model, path, target.expand(len(path), *target.shape), score=score)).sum(0)
        attributions.append((image - start) * total)
    values = torch.stack(attributions)
    with evaluating(model), torch.inference_mode():
        rise = score(model(images), targets) - score(model(plain), targets)
    gaps, remark = completeness(values, rise)
    return Attribution(values, unit_of(score), checks={"completeness_gap": gaps}, remarks=(remark,))


def completeness(values: Tensor, rise: Tensor) -> tuple[Tensor, str]:
    """How far the sums of (N, 3, H, W) values miss the score's rise (N,), as a share of it, (N,); and a remark."""
    gaps = (values.sum((1, 2, 3)) - rise).abs() / rise.abs().clamp_min(1e-12)
    return gaps, f"The sums miss the rise of the score by at most {float(gaps.max()):.1%}."
