"""The network with what it learned taken away from the head down: a map that stays the same did not depend on it.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv:1810.03292, section 3 (cascading randomisation).
Deviation: the values of each weight are shuffled, not drawn anew: any layer can be, and their spread stays as it was.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch import nn

Model = TypeVar("Model", bound=nn.Module)


@torch.inference_mode(False)
@torch.no_grad()
def randomised(model: Model, shares: Sequence[float], seed: int) -> Iterator[Model]:
    """Copies of the model of which ever more layers are shuffled; the one given is not changed.

    Args:
        model: whatever computes logits, its layers in the order in which its modules are named.
        shares: of the layers that have weights, counted from the last, ascending, each in (0, 1].
        seed: of the shuffling.

    Yields:
        One model for each share. They are one object, changed further: use each before the next is asked for.
    """
    changed = copy.deepcopy(model)
    layers = [module for module in changed.modules() if list(module.parameters(recurse=False))]
    generator = torch.Generator().manual_seed(seed)
    done = 0
    for share in shares:
        upto = max(1, round(share * len(layers)))
        for layer in layers[::-1][done:upto]:
            for weight in layer.parameters(recurse=False):
                order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
                weight.copy_(weight.flatten()[order].view_as(weight))
        done = max(done, upto)
        yield changed
