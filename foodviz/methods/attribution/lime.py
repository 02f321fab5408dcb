"""Which superpixels speak for a class, by a straight line fitted around the picture; see `methods.lime`.

Ribeiro, Singh, Guestrin 2016, "Why Should I Trust You?", arXiv:1602.04938. Deviations are told there. The command
`lime` draws more of it: the superpixels, what is cut out, and which signs are settled.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.methods.attribution.score import Score, Scored, logit, unit_of
from foodviz.methods.hidden import cover
from foodviz.methods.lime.lime import attribution, explain
from foodviz.methods.lime.superpixels import segment


def attribute(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    seeds: Sequence[int],
    hide: str | Sequence[float] = "auto",
    score: Score = logit,
) -> Attribution:
    """Weights of superpixels painted on them, with slic's superpixels and as many samples as the answer needs.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C); run in evaluation mode, without gradients.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        seeds: one per image, so that an image's samples do not depend on its company.
        hide: what hidden superpixels show, as in `hidden.cover`.
        score: logits and targets -> (N,), what the line is fitted to.

    Returns:
        (N, H, W), signed: what showing the superpixel adds to the score. Spread, signs that are stable and checks as
        `lime.attribution` has them.
    """
    explanations = []
    for image, target, seed in zip(images, targets, seeds, strict=True):
        segments, draws = segment(image), seed % 2**32
        hidden = cover(model, image, segments, int(target.reshape(-1)[0]), hide, draws).picture
        scored = nn.Sequential(Scored(model, score, target), nn.Unflatten(0, (-1, 1)))  # the score as the one class
        explanation = explain(scored, image, segments, [0], hidden=hidden, seed=draws)
        explanations.append((explanation, 0))
    return attribution(explanations, unit_of(score)).to(images.dtype)
