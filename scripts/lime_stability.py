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
from foodviz.methods.lime_designs import GROUP, blocks
from foodviz.methods.lime_fit import linear_fit, spearman
from foodviz.methods.superpixels import painted_over, segment
from torch import Tensor

from foodviz import models
from foodviz.cache import cache_file
from foodviz.data import open_dataset
from foodviz.data.batch import read
from foodviz.memory import keep_freed_memory
from foodviz.methods.lime import MOST, STABLE, sample_logits, summed_up

ROWS = (125, 187, 250, 375, 500, 750, 1000)
_REFERENCE_SEED = 1_000_000


class Subject:
    """One image under one model: what the model says of any samples."""

    def __init__(self, model: models.Classifier, image: Tensor, key: tuple[str, ...]) -> None:
        self.model, self.image, self.key = model, image, key
        self.segments = segment(image)
        self.superpixels = int(self.segments.max()) + 1

    def drawn(self, design: str, seed: int, rows: int) -> tuple[Tensor, list[int]]:
        """The first samples of a design, (rows, S), and where its blocks end."""
        found: list[np.ndarray] = []
        for block in blocks(design, self.superpixels, seed):
            found.append(block)
            if sum(map(len, found)) >= rows:
                break
        return torch.from_numpy(np.concatenate(found)[:rows]), list(accumulate(map(len, found)))

    def logits(self, shown: Tensor) -> Tensor:
        """(R, C), from the cache where they are there."""
        path = cache_file("lime-samples", *self.key, str(shown.numpy().tobytes()), suffix=".npy")
        if not path.exists():
            hidden = painted_over(self.image, self.segments)
            np.save(path, sample_logits(self.model, self.image, hidden, self.segments, shown).numpy())
        return torch.from_numpy(np.load(path))


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
    asked = options.parse_args()
    keep_freed_memory()
    exact = models.fast(models.load(asked.model))
    rough = models.fast(models.load(asked.model)).bfloat16()
    listing = open_dataset(asked.data).split(asked.split)
    batch = read(listing, listing.spread(asked.images), exact.input_size)

    curve: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    auto: dict[str, list[tuple[int, float]]] = defaultdict(list)
    signs: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    moved: list[tuple[float, float]] = []
    pieces: list[int] = []
    for image, digest in zip(batch.images, batch.digests, strict=True):
        subject = Subject(exact, image, (exact.sha256, digest))
        pieces.append(subject.superpixels)
        shown, _ = subject.drawn(asked.reference_design, _REFERENCE_SEED, asked.reference)
        logits = subject.logits(shown)
        target = int(logits[0].argmax())
        reference = {kind: linear_fit(shown, scores[:, [target]])[0][0] for kind, scores in _scores(logits).items()}
        for seed in range(asked.draws):
            for design in GROUP:
                shown, ends = subject.drawn(design, seed, max(ROWS))
                logits = subject.logits(shown)
                for kind, scores in _scores(logits).items():
                    wanted = scores[:, [target]]
                    for rows in ROWS:
                        whole = rows - (rows - 1) % GROUP[design]
                        weights = linear_fit(shown[:whole], wanted[:whole], group=GROUP[design])[0][0]
                        curve[kind, design, rows].append(float(spearman(weights, reference[kind])))
                    if design != "balanced":
                        continue
                    for end in (*[end for end in ends if end < MOST], MOST - 1):  # as lime.explain stops
                        answer = summed_up(
                            subject.segments,
                            [target],
                            logits[0],
                            shown[:end],
                            wanted[:end],
                            kernel_width=0.25,
                            group=GROUP[design],
                            seed=seed,
                        )
                        if answer.settled:
                            break
                    auto[kind].append((len(answer.shown), float(spearman(answer.weights[0], reference[kind]))))
                    stable = answer.stability[0] >= STABLE
                    right = answer.weights[0].sign() == reference[kind].sign()
                    signs[kind, "stable"].append((int(right[stable].sum()), int(stable.sum())))
                    signs[kind, "unstable (hatched)"].append((int(right[~stable].sum()), int((~stable).sum())))
                if design == "random" and seed == 0:
                    near = linear_fit(shown, Subject(rough, image, (*subject.key, "bf16")).logits(shown)[:, [target]])
                    far = linear_fit(shown, logits[:, [target]])[0][0]
                    shift = (near[0][0] - far).abs().max() / far.abs().max()
                    moved.append((float(spearman(near[0][0], far)), float(shift)))
        print(f"image {len(pieces)} of {len(batch)}: {pieces[-1]} superpixels", flush=True)

    print(
        f"\n{asked.images} images of {asked.data} {asked.split}, {statistics.median(pieces):.0f} superpixels (median),"
    )
    print(f"reference {asked.reference} {asked.reference_design} rows, draws: {asked.draws}; median rank correlation\n")
    for kind in reference:
        print(f"| {kind}, rows | " + " | ".join(map(str, ROWS)) + " |")
        print("|---" * (len(ROWS) + 1) + "|")
        for design in GROUP:
            values = [f"{statistics.median(curve[kind, design, rows]):.3f}" for rows in ROWS]
            print(f"| {design} | " + " | ".join(values) + " |")
        taken, found = zip(*auto[kind], strict=True)
        print(f"\n{kind}, default (auto): {statistics.median(found):.3f} with {statistics.median(taken):.0f} rows")
        print(
            f"  (mean {statistics.mean(taken):.0f}, {min(taken)} to {max(taken)}; lowest correlation {min(found):.3f})"
        )
        for (of, word), counts in signs.items():
            right, told = (sum(column) for column in zip(*counts, strict=True))
            if of == kind:
                share = f"{right / max(told, 1):.1%} as in the reference"
                print(f"  signs called {word}: {told} of {sum(pieces) * asked.draws}, {share}")
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
