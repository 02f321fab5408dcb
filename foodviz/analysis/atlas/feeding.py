"""What feeds a filter: how much each channel of the layer before adds to it on photographs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from foodviz.models import Classifier
    from foodviz.models.units import Unit


def contributions(fast: Classifier, unit: Unit, means: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """What each channel of the layer before adds to each filter on the mean, (K, C_in), in units before the activation.

    The sum of the weights between the two, the norm's among them, times the mean of what enters: at every cell whose
    neighbourhood lies inside the map that is the mean of the sum that the convolution computes.

    Args:
        fast: with the norm behind the unit's convolution folded into it.

    Returns:
        None where no single layer feeds the unit.
    """
    import numpy as np

    if unit.name not in means:
        return None
    convolution = fast.network.get_submodule(unit.convolution)
    weights = convolution.weight.sum((2, 3)).double().cpu().numpy()  # type: ignore[union-attr,operator]  # (K, C_in / groups)
    count, groups = weights.shape[0], int(convolution.groups)  # type: ignore[arg-type]
    whole = np.zeros((count, weights.shape[1] * groups))
    for group in range(groups):
        rows = slice(group * count // groups, (group + 1) * count // groups)
        whole[rows, group * weights.shape[1] : (group + 1) * weights.shape[1]] = weights[rows]
    return np.asarray(whole * means[unit.name])
