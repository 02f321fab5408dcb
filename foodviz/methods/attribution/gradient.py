"""Which pixels would change a class's score most, were they changed a little?

Simonyan, Vedaldi, Zisserman 2014, "Deep Inside Convolutional Networks", arXiv:1312.6034, section 3.1.

Deviation: the default score is the logit, not the loss or the probability, whose gradients vanish where the model is
confident.
"""

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.hooks import evaluating
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """The gradient of each image's score; arguments as in `input_gradient`.

    Returns:
        (N, 3, H, W), signed, in units of the score per unit of pixel intensity.
    """
    values = input_gradient(model, images, targets, score=score)
    return Attribution(values, f"{unit_of(score)} per unit of pixel intensity")


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
