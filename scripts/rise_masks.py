"""How far is RISE's map from its limit, with foodviz's masks and with as many independent ones?

    python scripts/rise_masks.py [--images 4] [--runs 3]

Pictures: evenly spread over the sample's validation split; target: the label; score: the logit. The limit is the mean
of ten times as many masks of other seeds. Errors are mean squares, as a share of the limit's own variance.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor

from foodviz import models
from foodviz.analysis import open_subject
from foodviz.analysis.photographs import Photographs
from foodviz.methods.attribution.rise import attribute

MASKS, CELLS = 544, 7  # what foodviz takes at least


@torch.inference_mode()
def independent(model: models.Classifier, image: Tensor, hidden: Tensor, target: int, seed: int) -> Tensor:
    """(H, W) the paper's map of independent masks, less the mean score."""
    generator = torch.Generator().manual_seed(seed)
    height, width = image.shape[-2:]
    cell = -(-height // CELLS), -(-width // CELLS)
    grids = torch.rand(MASKS, 1, CELLS + 1, CELLS + 1, generator=generator).round()
    size = [(CELLS + 1) * side for side in cell]
    large = torch.nn.functional.interpolate(grids, size, mode="bilinear", align_corners=False)[:, 0]
    shifts = [[int(torch.randint(0, side, (1,), generator=generator)) for side in cell] for _ in range(MASKS)]
    pairs = zip(large, shifts, strict=True)
    masks = torch.stack([mask[top : top + height, left : left + width] for mask, (top, left) in pairs])
    copies = [hidden + some[:, None] * (image - hidden) for some in masks.split(16)]
    scores = torch.cat([model(some)[:, target] for some in copies]).double()
    return torch.einsum("n,nhw->hw", scores - scores.mean(), masks.double()) / masks.double().sum(0)


def main() -> None:
    """Print a line a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    subject = open_subject(split="validation")
    split = subject.split()
    photographs = Photographs.of(subject, split, split.spread(options.images))
    model, targets = models.fast(subject.classifier), photographs.targets("label")
    hidden = photographs.images.mean((2, 3), keepdim=True).expand_as(photographs.images)
    for row, picture in enumerate(photographs.pictures):
        one = photographs.images[row : row + 1], targets[row : row + 1]
        limit = attribute(model, *one, seeds=[10**6], hidden=hidden[row : row + 1], samples=10 * MASKS).values[0]
        errors, squares = [], []
        for seed in range(options.runs):
            ours = attribute(model, *one, seeds=[seed], hidden=hidden[row : row + 1], samples=MASKS)
            theirs = independent(model, photographs.images[row], hidden[row], int(targets[row]), seed)
            errors.append([float((each - limit).square().mean()) for each in (ours.values[0], theirs)])
            squares.append(float(ours.spread[0].square().mean()) if ours.spread is not None else 0.0)
        mine, paper = torch.tensor(errors).mean(0).tolist()
        claimed = sum(squares) / len(squares)
        print(
            f"{picture.name}: error {mine / float(limit.var()):.3f} (its own estimate "
            f"{claimed / float(limit.var()):.3f}), independent masks {paper / float(limit.var()):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
