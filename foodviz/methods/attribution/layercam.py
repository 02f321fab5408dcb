"""Which cells of a layer's maps speak for a class, each by its own gradient, so that shallow layers give fine maps?

Jiang, Zhang, Hou, Cheng, Wei 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE
Transactions on Image Processing 30, section III: every cell is weighted by its positive gradient.

Deviation: one layer's maps, not several layers' fused, and so without the paper's tanh scaling of shallow layers.
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
    maps = class_activation(model, layer, images, targets, by_own_gradient, score=score)
    return Attribution(enlarge(maps, (images.shape[-2], images.shape[-1])), f"{unit_of(score)} per cell")


def by_own_gradient(maps: Tensor, gradients: Tensor) -> Tensor:
    """(N, K, h, w) maps and their gradients -> (N, h, w) >= 0, each cell weighted by its own positive gradient."""
    return (gradients.relu() * maps).sum(1).relu()
