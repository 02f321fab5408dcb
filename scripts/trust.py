#!/usr/bin/env python3
"""Does the trust line tell true maps from false ones? The verdicts on maps whose truth is known, and on the methods'.

    python scripts/trust.py [--images 200] [--methods gradient smoothgrad integrated-gradients gradcam guided-backprop]
    python scripts/trust.py --full --images 40

Pictures: evenly spread over the sample's validation split, correctly classified ones only, explained for their label.
Known truths: the food's mask, its inverse, chance, an edge detector (another than the one that maps are compared
with), and the gradient of the network with shuffled weights, shown as if it were the network's. That gradient is
repeated as the gradient under noise, the other maps have nothing to repeat. With --full the methods are also tried with
shuffled weights.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from correct_pictures import correct_pictures
from torch import Tensor
from torch.nn import functional

from foodviz import models
from foodviz.analysis import hiding, trust
from foodviz.analysis.attributing import Attributing
from foodviz.analysis.photographs import Photographs
from foodviz.attribution import Attribution
from foodviz.methods.attribution import catalogue
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.score import logit
from foodviz.methods.randomised import randomised
from foodviz.metrics.verdict import MARKS

METHODS = ("gradient", "smoothgrad", "integrated-gradients", "gradcam", "guided-backprop", "lime")


def known(photographs: Photographs, model: models.Classifier, targets: Tensor) -> dict[str, Attribution]:
    """Maps whose truth is known."""
    images = photographs.images
    size = (images.shape[-2], images.shape[-1])
    masks = torch.from_numpy(np.stack([photographs.region(place, size)[1] for place in range(len(photographs))]))
    chance = [torch.rand(size, generator=torch.Generator().manual_seed(seed)) for seed in photographs.seeds]
    bright = images.mean(1, keepdim=True)
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    slopes = functional.conv2d(
        functional.pad(bright, (1,) * 4, mode="replicate"), torch.stack([sobel, sobel.T])[:, None]
    )
    edges = slopes.square().sum(1).sqrt()
    (shuffled,) = randomised(model, (1.0,), seed=1)
    maps = {
        "mask of the food": masks.float(),
        "its inverse": 1 - masks.float(),
        "chance": torch.stack(chance),
        "edges (Sobel)": edges,
        "gradient, shuffled weights": input_gradient(shuffled, images, targets).abs().amax(1),
    }
    return {name: Attribution(values, "1") for name, values in maps.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--model", default="sample", help="checkpoint")
    parser.add_argument("--split", default="validation", help="the thresholds were fixed on training")
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--full", action="store_true", help="also repeat the methods, and shuffle the weights")
    parser.add_argument("--figures", help="file for every map's figures, as JSON")
    options = parser.parse_args()
    photographs = correct_pictures(options.model, options.images, options.split)
    targets = photographs.targets("label")
    model = models.fast(photographs.subject.classifier)
    covers = hiding.covers(photographs, model, targets, "auto")
    truths = known(photographs, model, targets)
    asked = []
    for each in options.methods:
        name, _, hide = each.partition("/")
        own = catalogue.chosen(name, {})
        asked.append(
            Attributing.of(photographs, targets, name, own, model, score=logit, covers=covers, hide=hide or "auto")
        )
    maps = truths | {name: each(photographs.images) for name, each in zip(options.methods, asked, strict=True)}
    level = "full" if options.full else "quick"
    # Who shows such maps as the gradient is asked for the gradient again.
    gradient = Attributing.of(photographs, targets, "gradient", {}, model, score=logit)
    again = [gradient if "gradient" in name else None for name in truths] + asked
    trusts = trust.of_maps(photographs, list(maps.values()), covers, targets, level, model, again)
    print(f"{len(photographs)} pictures of {options.split}, correctly classified\n")
    print(f"| map | {' | '.join(MARKS)} | lead, median |\n|---|{'---|' * (len(MARKS) + 1)}")
    for name, row in zip(maps, trusts, strict=True):
        words = Counter(each.verdict for each in row)
        leads = [each.figures.lead for each in row if each.figures.lead is not None]
        shares = " | ".join(f"{words[word] / len(row):.1%}" for word in MARKS)
        print(f"| {name} | {shares} | {np.median(leads):.2f} |")
    if options.figures:
        content = {name: [each.facts for each in row] for name, row in zip(maps, trusts, strict=True)}
        Path(options.figures).write_text(json.dumps(content))


if __name__ == "__main__":
    main()
