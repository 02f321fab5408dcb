"""What it costs to say how far a map can be believed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from workloads.subject import bare, fast, image_seeds, photographs

if TYPE_CHECKING:
    from collections.abc import Callable

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("deletion",)
MANY, STEPS = 64, 8


def deletion() -> Contestants:
    """deletion and insertion in 8 steps over the cells of a grid, 64 images, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.methods.hidden import grid, painted_over, sample_logits
        from foodviz.metrics.faithfulness import curves, per_cell

        model, images, seeds = fast(), photographs(MANY), image_seeds(MANY)
        segments = grid((128, 128))

        def run() -> object:
            found = []
            for image, scores, seed in zip(images, per_cell(images.mean(1), segments), seeds, strict=True):
                hidden = painted_over(image, segments, "blur")

                answer = partial(sample_logits, model, image, hidden, segments)
                found.append(curves(scores[None], lambda shown: answer(shown).softmax(1)[:, 0], steps=STEPS, seed=seed))  # noqa: B023
            return found

        return run

    def plain() -> Callable[[], object]:
        import torch
        from torch.nn import functional

        model, images = bare(), photographs(MANY)

        def run() -> object:
            found = []
            for image, values in zip(images, images.mean(1), strict=True):
                hidden = functional.avg_pool2d(image[None], 31, 1, 15, count_include_pad=False)[0]
                order = functional.avg_pool2d(values[None], 16)[0].flatten().argsort(descending=True)
                copies = [image, hidden]
                for count in range(8, 64, 8):
                    gone = torch.zeros(64, dtype=torch.bool)
                    gone[order[:count]] = True
                    mask = gone.view(8, 8).repeat_interleave(16, 0).repeat_interleave(16, 1)
                    copies += [torch.where(mask, hidden, image), torch.where(mask, image, hidden)]
                with torch.no_grad():
                    parts = [model(some).softmax(1)[:, 0] for some in torch.stack(copies).split(8)]
                found.append(torch.cat(parts))
            return found

        return run

    return {"foodviz": ours, "bare": plain}
