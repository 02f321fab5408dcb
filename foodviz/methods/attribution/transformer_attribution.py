"""Which patches raise the score by being attended to, through all layers?

Chefer, Gur, Wolf 2021, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
Transformers", arXiv:2103.15679, section 3, equations 5 and 6 (self-attention): in each layer the weights times their
gradient, what is negative cut off, heads averaged; added to the residual connection, multiplied over the layers.

Their "Transformer Interpretability Beyond Attention Visualization", arXiv:2012.09838, has relevance passed back by LRP
in the place of the weights. The later form is taken here because it is defined by the network's function alone; the
earlier one hangs besides on relevance rules chosen for softmax, LayerNorm, GELU and products of two activations.

Deviations, none of them for a net with a class token:

- Where the answer is read from the mean of the tokens, so is the map; what residual connections alone would say, the
  same of every patch, is left out.
- Swin's windows and merged tokens as in `attention_rollout`.
"""

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.hooks import evaluating
from foodviz.methods.attention import carried_back, read
from foodviz.methods.attribution.gradcam import enlarge
from foodviz.methods.attribution.score import Score, images_a_pass, logit


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """The relevance of each patch, enlarged to the images.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen; run in evaluation mode.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        score: logits and targets -> (N,), what is differentiated.

    Returns:
        (N, H, W) >= 0. Products of gradients have no unit that means anything: only shares of a map do.

    Raises:
        InputError: the network has no attention between patches, or one of another form than is read.
    """
    maps, count = [], images_a_pass(images)
    with evaluating(model):
        for some, their_targets in zip(torch.split(images, count), torch.split(targets, count), strict=True):
            logits, layers = read(model, some.detach())
            with torch.enable_grad():
                total = score(logits, their_targets).sum()
            gradients = torch.autograd.grad(total, [layer.weights for layer in layers])
            tokens = layers[-1].reading(gradients[-1])
            mixes, residual = [], []
            for layer, gradient in zip(layers, gradients, strict=True):
                attention = layer.joined((layer.weights.detach() * gradient).clamp(min=0))
                residual.append(torch.eye(attention.shape[-1]).to(attention).expand_as(attention))
                mixes.append(attention + residual[-1])
            maps.append(carried_back(layers, mixes, tokens) - carried_back(layers, residual, tokens))
    values = torch.cat(maps).clamp_min(0)  # a rounding error below 0 would be drawn as a sign
    return Attribution(enlarge(values, (images.shape[-2], images.shape[-1])), "relevance, which has no unit")
