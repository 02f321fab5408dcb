"""How much of the score would each value account for, were the model a straight line from black to this picture?

Shrikumar, Greenside, Shcherbina, Kundaje 2016, "Not Just a Black Box: Learning Important Features Through Propagating
Activation Differences", arXiv:1605.01713, section 2: the gradient times the input.

Deviation: the input is the picture in [0, 1], not what the model's normalisation makes of it, so that black counts for
nothing whatever the model was trained on.
"""

from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.score import Score, logit, unit_of


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """Each value times its gradient; arguments as in `gradient.input_gradient`.

    Returns:
        (N, 3, H, W), signed, in units of the score.
    """
    return Attribution(images * input_gradient(model, images, targets, score=score), unit_of(score))
