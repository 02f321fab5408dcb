"""Do the maps lie on the food? The share of maps whose maximum falls on the main food's mask, per method.

    python scripts/saliency_on_food.py [--images 200] [--model FILE]

Pictures: evenly spread over the sample's validation split, correctly classified ones only; target: the prediction.
Every method of the catalogue with its defaults, colours reduced to the largest magnitude. Beside each share: the share
of the picture that the masks cover, what a map without any knowledge would reach.
"""

from __future__ import annotations

import argparse

import numpy as np
from correct_pictures import correct_pictures

from foodviz import models
from foodviz.analysis import hiding
from foodviz.analysis.attributing import Attributing
from foodviz.errors import InputError
from foodviz.methods.attribution import catalogue
from foodviz.methods.attribution.score import logit
from foodviz.metrics.localisation import pointing


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--model", default="sample", help="checkpoint")
    options = parser.parse_args()
    photographs = correct_pictures(options.model, options.images)
    targets = photographs.targets("label")
    size = photographs.subject.classifier.input_size
    regions = [photographs.region(row, size)[1] for row in range(len(photographs))]
    covered = np.mean([region.mean() for region in regions])
    print(f"{len(photographs)} validation pictures, correctly classified; the masks cover {covered:.1%}")
    model = models.fast(photographs.subject.classifier)
    covers = hiding.covers(photographs, model, targets, "auto")
    for name, method in catalogue.METHODS.items():
        try:
            asked = Attributing.of(
                photographs, targets, name, catalogue.chosen(name, {}), model, score=logit, covers=covers, reduce="max"
            )
            maps = asked(photographs.images).maps
        except InputError as error:  # a method for other networks
            print(f"  {method.title:22} {error}")
            continue
        hits = np.mean([pointing(values, region) for values, region in zip(maps, regions, strict=True)])
        print(f"  {method.title:22} maximum on the food in {hits:6.1%}")


if __name__ == "__main__":
    main()
