"""Logits to probabilities, as the model means them."""

from torch import Tensor, nn


def probabilities(model: nn.Module, logits: Tensor) -> Tensor:
    """(N, C) logits -> (N, C) in [0, 1].

    Args:
        model: where it says that it is `independent`, each class has a probability of its own, the sigmoid of its
            logit; else the classes share one.
        logits: that it answered.
    """
    return logits.sigmoid() if getattr(model, "independent", False) else logits.softmax(1)
