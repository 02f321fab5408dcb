#!/usr/bin/env python3
"""Whether LIME's positive weight lies on the food: its density on the main food's mask against elsewhere.

    python scripts/lime_on_food.py

Correctly classified pictures of the sample, predicted class, foodviz's default settings. Every superpixel's positive
weight is spread evenly over its pixels; a map that knows nothing has density ratio 1.
"""

import argparse
import statistics

from foodviz.methods.superpixels import density_ratio, describe, painted_over, segment

from foodviz.data import open_dataset
from foodviz.data.batch import read
from foodviz.memory import keep_freed_memory
from foodviz.methods.lime import explain
from foodviz.models import fast, load


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--split", default="validation")
    options.add_argument("--model", default="sample")
    options.add_argument("--images", type=int, default=50)
    options.add_argument("--hide", default="mean", choices=["mean", "blur"])
    asked = options.parse_args()
    keep_freed_memory()
    classifier = fast(load(asked.model))
    listing = open_dataset().split(asked.split)
    rows = []
    for index in listing.spread(2 * asked.images):
        if len(rows) == asked.images:
            break
        batch = read(listing, [index], classifier.input_size)
        if int(classifier(batch.images).argmax()) != listing.labels[index]:
            continue
        image, mask = batch.images[0], listing.mask(index)
        segments = segment(image)
        hidden = painted_over(image, segments, asked.hide)
        answer = explain(classifier, image, segments, [listing.labels[index]], hidden=hidden)
        pieces = describe(image, segments, mask)
        positive = answer.weights[0].clip(min=0).numpy()
        rows.append(
            (
                density_ratio(positive, pieces),
                float(pieces.areas @ pieces.on_mask),
                float(positive @ pieces.on_mask / positive.sum()),
                float(answer.fits[0]),
                len(answer.shown),
            )
        )
    names = ("density on the food / elsewhere", "share of the picture", "share of positive weight", "R^2", "samples")
    print(f"{len(rows)} correctly classified pictures of {asked.split}\n\n| | median | lower quarter | upper quarter |")
    print("|---|---|---|---|")
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"| {name} | {middle:.3g} | {low:.3g} | {high:.3g} |")


if __name__ == "__main__":
    main()
