"""From which patches does what the answer is read from come, if attention were all that moves it?

Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", arXiv:2005.00928, section 3: heads averaged, half
of each layer taken for the residual connection, the layers' matrices multiplied.

Deviations, none of them for a net with a class token:

- Where the answer is read from the mean of the tokens, so is the map; which tokens are read is seen from the gradient.
- Swin's windows are put together to attention over the whole map; what goes to padding is left out and the rows are
  made to sum to 1 again; a merged token stands for those that it was merged of in equal parts.
"""

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.hooks import evaluating
from foodviz.methods.attention import carried_back, read
from foodviz.methods.attribution.gradcam import enlarge
from foodviz.methods.attribution.score import Score, images_a_pass, logit


def attribute(model: nn.Module, images: Tensor, targets: Tensor, *, score: Score = logit) -> Attribution:
    """Each patch's share of the attention, through all layers, enlarged to the images.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen; run in evaluation mode.
        images: (N, 3, H, W), RGB in [0, 1].
        targets, score: of no effect, attention is the same for every class.

    Returns:
        (N, H, W) >= 0, a share at each patch's middle; what is missing to 1 stays with the class token.

    Raises:
        InputError: the network has no attention between patches, or one of another form than is read.
    """
    del targets, score
    maps = []
    with evaluating(model):
        for some in torch.split(images, images_a_pass(images)):
            logits, layers = read(model, some.detach())
            (gradient,) = torch.autograd.grad(logits.logsumexp(1).sum(), layers[-1].weights)
            mixes = []
            for layer in layers:
                attention = layer.joined(layer.weights.detach())
                attention = attention + torch.eye(attention.shape[-1]).to(attention)
                mixes.append(attention / attention.sum(-1, keepdim=True))
            maps.append(carried_back(layers, mixes, layers[-1].reading(gradient)))
    shares = torch.cat(maps)
    remark = f"Were it spread evenly, a patch would have {1 / shares[0].numel():.2g}."
    large = enlarge(shares, (images.shape[-2], images.shape[-1]))
    return Attribution(large, "share of the attention per patch", remarks=(remark,))
