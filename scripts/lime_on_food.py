#!/usr/bin/env python3
"""Whether LIME's positive weight lies on the food: its density on the main food's mask against elsewhere.

    python scripts/lime_on_food.py

Correctly classified pictures of the sample, predicted class, foodviz's default settings. Every superpixel's positive
weight is spread evenly over its pixels; a map that knows nothing has density ratio 1.
"""

import argparse
import statistics

from correct_pictures import correct_pictures

from foodviz.analysis.explanations import LimeSettings, explained
from foodviz.methods.lime.superpixels import density_ratio, describe


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--split", default="validation")
    options.add_argument("--model", default="sample")
    options.add_argument("--images", type=int, default=50)
    options.add_argument("--hide", default="auto", choices=["auto", "mean", "blur", "grey", "picture", "noise"])
    given = options.parse_args()
    photographs = correct_pictures(given.model, given.images, given.split)
    targets = [(int(label),) for label in photographs.batch.labels]
    rows = []
    for index, picture in zip(
        photographs.batch.ids, explained(photographs, LimeSettings(hide=given.hide), targets), strict=True
    ):
        explanation = picture.explanation
        pieces = describe(picture.image, explanation.segments, photographs.split.mask(index))
        positive = explanation.weights[0].clip(min=0).numpy()
        rows.append(
            (
                density_ratio(positive, pieces),
                float(pieces.areas @ pieces.on_mask),
                float(positive @ pieces.on_mask / positive.sum()),
                float(explanation.fits[0]),
                len(explanation.shown),
            )
        )
    names = ("density on the food / elsewhere", "share of the picture", "share of positive weight", "R^2", "samples")
    print(f"{len(rows)} correctly classified pictures of {given.split}\n\n| | median | lower quarter | upper quarter |")
    print("|---|---|---|---|")
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"| {name} | {middle:.3g} | {low:.3g} | {high:.3g} |")


if __name__ == "__main__":
    main()
