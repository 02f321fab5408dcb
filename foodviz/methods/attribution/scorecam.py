"""Which regions speak for a class, by what the model says of the picture seen through each of a layer's maps?

Wang et al. 2020, "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks", arXiv:1910.01279,
section 3 and algorithm 1. Each map is enlarged, brought to [0, 1] and multiplied with the picture, whose hidden parts
are black, as in the paper; the maps are summed by the softmax of these pictures' scores over the channels.

The score of the black picture, which the paper takes off every score, is not computed: it falls out of the softmax.
Scores of a small range, such as probabilities, weight all maps almost alike: the mean map, whatever the class.
Deviation: a map that is the same everywhere shows no region and gets no weight; the paper would divide by 0.
"""

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.hooks import capture, evaluating
from foodviz.methods.attribution.gradcam import enlarge, maps_of
from foodviz.methods.attribution.score import Score, images_a_pass, logit


def attribute(
    model: nn.Module, images: Tensor, targets: Tensor, *, layer: nn.Module, score: Score = logit
) -> Attribution:
    """The layer's maps weighted by scores, enlarged to the images.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C); run in evaluation mode, without gradients.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        layer: a module inside that answers maps (N, K, h, w); each image takes K + 1 forward passes.
        score: logits and targets -> (N,), what weights.

    Returns:
        (N, H, W) >= 0, a mean of the layer's maps, in units of its activation.

    Raises:
        InputError: the layer has no maps, or the forward does not reach it.
    """
    large = (images.shape[-2], images.shape[-1])
    summed = []
    with evaluating(model), torch.inference_mode():
        for image, target in zip(images, targets, strict=True):
            with capture(layer) as outputs:
                model(image[None])
            maps = maps_of(outputs, layer, large)[0]
            scores = []
            for some in torch.split(maps, images_a_pass(images)):
                masks, flat = unit_range(enlarge(some, large))
                each = score(model(image * masks[:, None]), target.expand(len(some), *target.shape))
                scores.append(each.masked_fill(flat, -torch.inf))
            weights = torch.cat(scores).softmax(0).nan_to_num()  # no number where every map is flat
            summed.append((weights.view(-1, 1, 1) * maps).sum(0).relu())
        values = enlarge(torch.stack(summed), large)
    return Attribution(values.clone(), "activation of the layer")


def unit_range(maps: Tensor) -> tuple[Tensor, Tensor]:
    """(K, H, W) -> the same, each map from 0 to 1, and which of them are the same everywhere, (K,) bool."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    flat = high <= low
    return (maps - low) / (high - low).masked_fill(flat, 1), flat.view(-1)
