"""Which regions of a layer's maps speak for a class, where a class may be there several times?

Chattopadhyay, Sarkar, Howlader, Balasubramanian 2018, "Grad-CAM++", arXiv:1710.11063, section 3: a channel's weight is
the sum of its positive gradients g, each with a factor of its own, g^2 / (2 g^2 + S g^3) = 1 / (2 + S g), S the sum of
the channel's map. That is their closed form for the exponential of the score where the head is piecewise linear.

Deviation: the factor exp(score), equal for all cells of a picture, is left out; it overflows for large logits.
"""

from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.methods.attribution.gradcam import class_activation, enlarge
from foodviz.methods.attribution.score import Score, logit, unit_of


def attribute(
    model: nn.Module, images: Tensor, targets: Tensor, *, layer: nn.Module, score: Score = logit
) -> Attribution:
    """Class activation maps, enlarged to the images; arguments as in `gradcam.class_activation`.

    Returns:
        (N, H, W) >= 0, in units of the score per cell.
    """
    below = []

    def weighted(maps: Tensor, gradients: Tensor) -> Tensor:
        below.append(bool((maps.sum((2, 3)) < 0).any()))
        return by_positive_gradients(maps, gradients)

    small = class_activation(model, layer, images, targets, weighted, score=score)
    remarks = ("Some maps of this layer lie below 0: the method is made for a layer behind a ReLU.",)
    large = enlarge(small, (images.shape[-2], images.shape[-1]))
    return Attribution(large, f"{unit_of(score)} per cell", remarks=remarks if any(below) else ())


def by_positive_gradients(maps: Tensor, gradients: Tensor) -> Tensor:
    """(N, K, h, w) maps and their gradients -> (N, h, w) >= 0, the channels weighted as the paper has it."""
    below = 2 + maps.sum((2, 3), keepdim=True) * gradients
    # Above 0 where maps are; elsewhere it may be 0, and such a cell counts for nothing.
    weights = (gradients.relu() / below.where(below != 0, float("inf"))).sum((2, 3), keepdim=True)
    return (weights * maps).sum(1).relu()
