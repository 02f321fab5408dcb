"""Which pixels would change a class's score most, were they changed a little?

Simonyan, Vedaldi, Zisserman 2014, "Deep Inside Convolutional Networks", arXiv:1312.6034, section 3.1 (gradient).
Smilkov et al. 2017, "SmoothGrad", arXiv:1706.03825: gradients of noisy copies, averaged before the magnitude is taken.
Sundararajan, Taly, Yan 2017, "Axiomatic Attribution for Deep Networks", arXiv:1703.01365, section 3.

Deviation: the default score is the logit, not the loss or the probability, whose gradients vanish where the model is
confident.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.hooks import evaluating

_PIXELS = 32 * 128 * 128  # in a pass: more take memory alone, fewer leave the cores idle
Score = Callable[[Tensor, Tensor], Tensor]


def logit(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the target's logit."""
    return logits.gather(1, targets[:, None])[:, 0]


def probability(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the target's probability, in [0, 1]."""
    return logit(logits.softmax(1), targets)


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """(N, C) logits and (N,) targets -> (N,), the cross-entropy in nats."""
    return functional.cross_entropy(logits, targets, reduction="none")


def images_a_pass(images: Tensor) -> int:
    """How many images of this size, (..., H, W), to take at a time."""
    return max(1, _PIXELS // (images.shape[-2] * images.shape[-1]))


def input_gradient(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Tensor:
    """The gradient of each image's score.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen; run in evaluation mode.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        score: logits and targets -> (N,), what is differentiated.

    Returns:
        (N, 3, H, W), signed, in units of the score per unit of pixel intensity.
    """
    gradients, count = [], images_a_pass(images)
    with evaluating(model), torch.enable_grad():
        for some, their_targets in zip(torch.split(images, count), torch.split(targets, count), strict=True):
            pixels = some.detach().clone().requires_grad_()
            gradients.append(torch.autograd.grad(score(model(pixels), their_targets).sum(), pixels)[0])
    return torch.cat(gradients)


def smoothgrad(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    seeds: Sequence[int],
    samples: int = 25,
    noise: float = 0.15,
    score: Score = logit,
) -> Tensor:
    """The mean gradient over noisy copies of each image.

    Args:
        seeds: one per image, so that an image's noise does not depend on its company.
        samples: copies per image.
        noise: standard deviation of the noise, as a share of the pixel range. Copies may leave [0, 1].

    Returns:
        (N, 3, H, W), as in `input_gradient`.
    """
    means, count = [], images_a_pass(images)
    for image, target, seed in zip(images, targets, seeds, strict=True):
        generator = torch.Generator().manual_seed(seed)
        total = torch.zeros_like(image)
        for done in range(0, samples, count):  # memory does not grow with the samples
            drawn = torch.randn(min(count, samples - done), *image.shape, generator=generator).to(image.device)
            gradients = input_gradient(model, image + noise * drawn, target.expand(len(drawn)), score=score)
            total += gradients.sum(0)
        means.append(total / samples)
    return torch.stack(means)


def integrated_gradients(
    model: nn.Module, images: Tensor, targets: Tensor, *, steps: int = 64, baseline: float = 0.0, score: Score = logit
) -> tuple[Tensor, Tensor]:
    """How much of the score's rise from a plain picture to the image each value accounts for.

    The integral along the straight path is a Gauss-Legendre sum.

    Args:
        steps: points on the path.
        baseline: the plain picture's intensity in [0, 1]; 0 is black.

    Returns:
        (N, 3, H, W), signed, in units of the score; they sum to score(image) - score(baseline).
        (N,) how far the sum misses that, as a share of the difference: the error of the finite number of steps.
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
            total += (share * input_gradient(model, path, target.expand(len(path)), score=score)).sum(0)
        attributions.append((image - start) * total)
    attribution = torch.stack(attributions)
    with evaluating(model), torch.inference_mode():
        rise = score(model(images), targets) - score(model(plain), targets)
    return attribution, (attribution.sum((1, 2, 3)) - rise).abs() / rise.abs().clamp_min(1e-12)


def reduce_colours(attribution: Tensor, how: str = "max") -> Tensor:
    """Per-value attributions (N, 3, H, W) -> a map per image.

    Args:
        how: `max`, the largest magnitude over the colours, (N, H, W) >= 0; `sum`, the signed sum, (N, H, W);
            `none`, the magnitudes as they are, (N, 3, H, W) >= 0.
    """
    if how == "max":
        return attribution.abs().amax(1)
    return attribution.sum(1) if how == "sum" else attribution.abs()
