"""How many samples LIME needs: rank correlation of its weights with those of a 20,000-row run, per design.

    python scripts/lime_stability.py                      # the table of the README, some 20 minutes on two cores
    python scripts/lime_stability.py --images 4 --reference 4000

Every image is explained for its predicted class by the model with its norms folded; the reference and lime's own
answer are random rows of different seeds. `auto` is foodviz's default. Medians over images and draws. What the model
said of the samples is kept in foodviz's cache, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from foodviz import models
from foodviz.analysis import open_subject
from foodviz.analysis.explanations import lime_seed
from foodviz.cache import cache_file, load_arrays, save_arrays
from foodviz.data import open_dataset
from foodviz.data.batch import read
from foodviz.memory import keep_freed_memory
from foodviz.methods.hidden import painted_over, sample_logits
from foodviz.methods.lime.designs import GROUP, blocks
from foodviz.methods.lime.fit import linear_fit, spearman
from foodviz.methods.lime.lime import MOST, STABLE, fitted
from foodviz.methods.lime.superpixels import segment

ROWS = (125, 187, 250, 375, 500, 750, 1000)
_REFERENCE_SEED = 1_000_000  # as `seed` of the command; every picture's own comes from it and the picture


class Photograph:
    """One image under one model: what the model says of any samples."""

    def __init__(self, model: models.Classifier, image: Tensor, key: tuple[str, ...]) -> None:
        self.model, self.image, self.key = model, image, key
        self.segments = segment(image)
        self.superpixels = int(self.segments.max()) + 1

    def samples(self, design: str, seed: int, rows: int) -> tuple[Tensor, list[int]]:
        """The first samples of a design, (rows, S), and where its blocks end."""
        parts: list[np.ndarray] = []
        for block in blocks(design, self.superpixels, seed):
            parts.append(block)
            if sum(map(len, parts)) >= rows:
                break
        return torch.from_numpy(np.concatenate(parts)[:rows]), list(accumulate(map(len, parts)))

    def logits(self, shown: Tensor) -> Tensor:
        """(R, C), from the cache where they are there."""
        path = cache_file("lime-samples", *self.key, str(shown.numpy().tobytes()), suffix=".npz")
        kept = load_arrays(path)
        if kept is None:
            hidden = painted_over(self.image, self.segments)
            kept = {"logits": sample_logits(self.model, self.image, hidden, self.segments, shown).numpy()}
            save_arrays(path, kept)
        return torch.from_numpy(kept["logits"])


def main() -> None:
    """Print the tables as Markdown."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", default="sample")
    options.add_argument("--split", default="validation")
    options.add_argument("--model", default="sample")
    options.add_argument("--images", type=int, default=20)
    options.add_argument("--reference", type=int, default=20_000)
    options.add_argument("--reference-design", choices=GROUP, default="random")
    options.add_argument("--draws", type=int, default=1, help="seeds per image and design")
    given = options.parse_args()
    keep_freed_memory()
    draws = [open_subject(seed=seed) for seed in (_REFERENCE_SEED, *range(given.draws))]
    exact = models.fast(models.load(given.model))
    rough = models.fast(models.load(given.model)).bfloat16()
    listing = open_dataset(given.data).split(given.split)
    batch = read(listing, listing.spread(given.images), exact.input_size)

    curve: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    auto: dict[str, list[tuple[int, float]]] = defaultdict(list)
    signs: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    moved: list[tuple[float, float]] = []
    pieces: list[int] = []
    for image, digest in zip(batch.images, batch.digests, strict=True):
        reference_seed, *seeds = (lime_seed(subject, digest) for subject in draws)
        photograph = Photograph(exact, image, (exact.identity, digest))
        pieces.append(photograph.superpixels)
        shown, _ = photograph.samples(given.reference_design, reference_seed, given.reference)
        logits = photograph.logits(shown)
        target = int(logits[0].argmax())
        reference = {kind: linear_fit(shown, scores[:, [target]])[0][0] for kind, scores in _scores(logits).items()}
        for draw, seed in enumerate(seeds):
            for design in GROUP:
                shown, ends = photograph.samples(design, seed, max(ROWS))
                logits = photograph.logits(shown)
                for kind, scores in _scores(logits).items():
                    wanted = scores[:, [target]]
                    for rows in ROWS:
                        whole = rows - (rows - 1) % GROUP[design]
                        weights = linear_fit(shown[:whole], wanted[:whole], group=GROUP[design])[0][0]
                        curve[kind, design, rows].append(float(spearman(weights, reference[kind])))
                    if design != "balanced":
                        continue
                    for end in (*[end for end in ends if end < MOST], MOST - 1):  # as lime.explain stops
                        explanation = fitted(
                            photograph.segments,
                            [target],
                            logits[0],
                            shown[:end],
                            wanted[:end],
                            kernel_width=0.25,
                            group=GROUP[design],
                            seed=seed,
                        )
                        if explanation.settled:
                            break
                    auto[kind].append(
                        (len(explanation.shown), float(spearman(explanation.weights[0], reference[kind])))
                    )
                    stable = explanation.stability[0] >= STABLE
                    right = explanation.weights[0].sign() == reference[kind].sign()
                    signs[kind, "stable"].append((int(right[stable].sum()), int(stable.sum())))
                    signs[kind, "unstable (hatched)"].append((int(right[~stable].sum()), int((~stable).sum())))
                if design == "random" and draw == 0:
                    near = linear_fit(
                        shown, Photograph(rough, image, (*photograph.key, "bf16")).logits(shown)[:, [target]]
                    )
                    far = linear_fit(shown, logits[:, [target]])[0][0]
                    shift = (near[0][0] - far).abs().max() / far.abs().max()
                    moved.append((float(spearman(near[0][0], far)), float(shift)))
        print(f"image {len(pieces)} of {len(batch)}: {pieces[-1]} superpixels", flush=True)

    print(
        f"\n{given.images} images of {given.data} {given.split}, {statistics.median(pieces):.0f} superpixels (median),"
    )
    print(f"reference {given.reference} {given.reference_design} rows, draws: {given.draws}; median rank correlation\n")
    for kind in reference:
        print(f"| {kind}, rows | " + " | ".join(map(str, ROWS)) + " |")
        print("|---" * (len(ROWS) + 1) + "|")
        for design in GROUP:
            values = [f"{statistics.median(curve[kind, design, rows]):.3f}" for rows in ROWS]
            print(f"| {design} | " + " | ".join(values) + " |")
        taken, agreeing = zip(*auto[kind], strict=True)
        print(f"\n{kind}, default (auto): {statistics.median(agreeing):.3f} with {statistics.median(taken):.0f} rows")
        print(
            f"  (mean {statistics.mean(taken):.0f}, {min(taken)} to {max(taken)}; "
            f"lowest correlation {min(agreeing):.3f})"
        )
        for (of, word), counts in signs.items():
            right, called = (sum(column) for column in zip(*counts, strict=True))
            if of == kind:
                share = f"{right / max(called, 1):.1%} as in the reference"
                print(f"  signs called {word}: {called} of {sum(pieces) * given.draws}, {share}")
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
