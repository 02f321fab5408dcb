#!/usr/bin/env python3
"""Does hiding hide? How many pictures keep their name with every superpixel hidden, by the way to hide.

    python scripts/hiding.py [--images 200]

Pictures: evenly spread over the sample's validation split, correctly classified ones only; LIME's superpixels.
"""

import argparse
from collections import Counter

import numpy as np
from correct_pictures import correct_pictures

from foodviz import models
from foodviz.methods.hidden import cover
from foodviz.methods.lime.superpixels import segment
from foodviz.methods.ways_to_hide import WAYS


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--model", default="sample", help="checkpoint")
    options = parser.parse_args()
    photographs = correct_pictures(options.model, options.images)
    model = models.fast(photographs.subject.classifier)
    pictures = list(
        zip(
            photographs.images,
            [segment(image) for image in photographs.images],
            photographs.batch.labels.tolist(),
            photographs.seeds,
            strict=True,
        )
    )
    print(f"{len(pictures)} correctly classified pictures of validation\n")
    print("| `--hide` | keep their name | probability of the class, mean |\n|---|---|---|")
    for way in (*WAYS, "auto"):
        covers = [cover(model, image, segments, label, way, seed) for image, segments, label, seed in pictures]
        kept = np.mean([each.predicted == label for each, (_, _, label, _) in zip(covers, pictures, strict=True)])
        print(f"| {way} | {kept:.1%} | {np.mean([each.left for each in covers]):.2f} |")
    print("\nauto takes", dict(Counter(each.way for each in covers)))


if __name__ == "__main__":
    main()
