#!/usr/bin/env python3
"""How many samples LIME needs: rank correlation of its weights with those of a 20,000-row run, per design.

    python scripts/lime_stability.py                      # the table of the README, some 40 minutes on two cores
    python scripts/lime_stability.py --images 4 --reference 4000

Every image is explained for its predicted class by the model with its norms folded; the reference and lime's own
answer are random rows of different seeds. `auto` is foodviz's default. Medians over images and draws.
"""

import argparse
import statistics
from collections import defaultdict

import torch
from torch import Tensor

from foodviz.data import open_split
from foodviz.data.batch import read
from foodviz.memory import keep_freed_memory
from foodviz.methods.lime import MOST, STABLE, explain, sample_logits
from foodviz.methods.lime_designs import GROUP, blocks
from foodviz.methods.lime_fit import linear_fit, spearman
from foodviz.methods.superpixels import painted_over, segment
from foodviz.models import load, speed_up

ROWS = (125, 187, 250, 375, 500, 750, 1000)


def main() -> None:
    """Print the tables as Markdown."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", default="sample")
    options.add_argument("--split", default="validation")
    options.add_argument("--model", default="sample")
    options.add_argument("--images", type=int, default=20)
    options.add_argument("--reference", type=int, default=20_000)
    options.add_argument("--draws", type=int, default=2, help="seeds per image and design")
    asked = options.parse_args()
    keep_freed_memory()
    classifier = speed_up(load(asked.model))
    rough = speed_up(load(asked.model)).bfloat16()
    listing = open_split(asked.data, asked.split)
    batch = read(listing, listing.spread(asked.images), classifier.input_size)

    curve: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    auto: dict[str, list[tuple[int, float]]] = defaultdict(list)
    signs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    moved: list[tuple[float, float]] = []
    pieces = []
    for image in batch.images:
        segments = segment(image)
        pieces.append(int(segments.max()) + 1)
        hidden = painted_over(image, segments)

        def drawn(design: str, seed: int, rows: int, count: int = pieces[-1]) -> Tensor:
            shown = torch.empty(0, count, dtype=torch.bool)
            for block in blocks(design, count, seed):
                shown = torch.cat([shown, torch.from_numpy(block)])[:rows]
                if len(shown) == rows:
                    break
            return shown

        shown = drawn("random", 1_000_000, asked.reference)
        logits = sample_logits(classifier, image, hidden, segments, shown)
        target = int(logits[0].argmax())
        reference = {kind: linear_fit(shown, scores[:, [target]])[0][0] for kind, scores in _scores(logits).items()}
        for seed in range(asked.draws):
            for design in GROUP:
                shown = drawn(design, seed, max(ROWS))
                logits = sample_logits(classifier, image, hidden, segments, shown)
                for kind, scores in _scores(logits).items():
                    for rows in ROWS:
                        weights = linear_fit(shown[:rows], scores[:rows, [target]])[0][0]
                        curve[kind, design, rows].append(float(spearman(weights, reference[kind])))
            for kind in reference:
                answer = explain(classifier, image, segments, [target], hidden=hidden, output=kind, seed=seed)
                weights, stable = answer.weights[0], answer.stability[0] >= STABLE
                auto[kind].append((len(answer.shown), float(spearman(weights, reference[kind]))))
                right = weights.sign() == reference[kind].sign()
                signs[kind].append((int(right[stable].sum()), int(stable.sum())))
                signs[f"{kind}, others"].append((int(right[~stable].sum()), int((~stable).sum())))
        exact, near = (
            explain(model, image, segments, [target], hidden=hidden, design="random", samples=MOST).weights[0]
            for model in (classifier, rough)
        )
        moved.append((float(spearman(exact, near)), float((exact - near).abs().max() / exact.abs().max())))
        print(f"image {len(pieces)} of {len(batch)}: {pieces[-1]} superpixels", flush=True)

    print(
        f"\n{asked.images} images of {asked.data} {asked.split}, {statistics.median(pieces):.0f} superpixels (median),"
    )
    print(f"reference {asked.reference} random rows, {asked.draws} draws each; median rank correlation\n")
    for kind in reference:
        print(f"| {kind}, rows | " + " | ".join(map(str, ROWS)) + " |")
        print("|---" * (len(ROWS) + 1) + "|")
        for design in GROUP:
            values = [f"{statistics.median(curve[kind, design, rows]):.3f}" for rows in ROWS]
            print(f"| {design} | " + " | ".join(values) + " |")
        rows, found = zip(*auto[kind], strict=True)
        print(f"\n{kind}, default (auto): {statistics.median(found):.3f} with {statistics.median(rows):.0f} rows")
        print(f"  (mean {statistics.mean(rows):.0f}, {min(rows)} to {max(rows)}; lowest correlation {min(found):.3f})")
        for word, name in (("stable", kind), ("unstable (hatched)", f"{kind}, others")):
            right, told = (sum(counts) for counts in zip(*signs[name], strict=True))
            share = f"{right / max(told, 1):.1%}"
            print(f"  signs called {word}: {told} of {sum(pieces) * asked.draws}, {share} as in the reference")
        print()
    agreement, shift = zip(*moved, strict=True)
    print(f"bfloat16 against float32, the same {MOST} random rows, logits: rank correlation")
    print(
        f"  {statistics.median(agreement):.4f} (lowest {min(agreement):.4f}); largest move of a weight, as a share of"
    )
    print(f"  the largest weight: {statistics.median(shift):.1%} (worst {max(shift):.1%})")


def _scores(logits: Tensor) -> dict[str, Tensor]:
    return {"logits": logits, "probabilities": logits.softmax(1)}


if __name__ == "__main__":
    main()
