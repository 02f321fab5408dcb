"""Do the maps lie on the food? The share of maps whose maximum falls on the main food's mask, per method.

    python scripts/saliency_on_food.py [--images 200] [--model FILE]

Pictures: evenly spread over the sample's validation split, correctly classified ones only; target: the prediction.
Beside each share: the share of the picture that the masks cover, what a map without any knowledge would reach.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from foodviz import models
from foodviz.data import open_dataset
from foodviz.data.batch import Batch, batches
from foodviz.memory import keep_freed_memory
from foodviz.methods.gradcam import enlarge, gradcam
from foodviz.methods.saliency import input_gradient, integrated_gradients, reduce_colours, smoothgrad


def right_ones(model: torch.nn.Module, split: str, count: int) -> list[Batch]:
    """Batches of 16 until `count` correctly classified pictures are found, those only."""
    listing = open_dataset().split(split)
    found: list[Batch] = []
    total = 0
    for batch in batches(listing, listing.spread(2 * count), (128, 128), batch_size=16):
        with torch.inference_mode():
            right = (model(batch.images).argmax(1) == batch.labels).nonzero()[:, 0].tolist()[: count - total]
        picked = [[column[i] for i in right] for column in (batch.ids, batch.names, batch.digests)]
        found.append(Batch(batch.images[right], batch.labels[right], *(tuple(column) for column in picked)))
        total += len(right)
        if total == count:
            break
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--model", default="sample", help="checkpoint")
    asked = parser.parse_args()
    keep_freed_memory()
    model = models.load(asked.model)
    last = models.last_maps(model)
    model = models.fast(model, last)
    layer = last.of(model).module
    listing = open_dataset().split("validation")
    hits: dict[str, list[bool]] = {}
    covered = []
    for batch in right_ones(model, "validation", asked.images):
        images, targets = batch.images, batch.labels
        seeds = [int(digest[:8], 16) for digest in batch.digests]
        maps = {
            "gradient": reduce_colours(input_gradient(model, images, targets)),
            "smoothgrad": reduce_colours(smoothgrad(model, images, targets, seeds=seeds)),
            "integrated gradients": reduce_colours(integrated_gradients(model, images, targets)[0]),
            "gradcam": enlarge(gradcam(model, layer, images, targets), model.input_size),
        }
        for place, index in enumerate(batch.ids):
            mask = listing.mask(index)
            assert mask is not None
            covered.append(mask.mean())
            for name, values in maps.items():
                y, x = np.unravel_index(int(values[place].argmax()), values[place].shape)
                height, width = values[place].shape
                on = mask[int((y + 0.5) / height * mask.shape[0]), int((x + 0.5) / width * mask.shape[1])]
                hits.setdefault(name, []).append(bool(on))
    print(f"{len(covered)} validation pictures, correctly classified; the masks cover {np.mean(covered):.1%}")
    for name, each in hits.items():
        print(f"  {name:22} maximum on the food in {np.mean(each):6.1%}")


if __name__ == "__main__":
    main()
