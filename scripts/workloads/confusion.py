"""A pass over a split beside the bare loop: read a batch, then forward it."""

from __future__ import annotations

import itertools
import os
import tempfile
from typing import TYPE_CHECKING

from workloads.subject import bare, fast

if TYPE_CHECKING:
    from collections.abc import Callable

    Contestants = dict[str, Callable[[], Callable[[], object]]]

WORKLOADS = ("split",)
EVERY = 7  # of the validation split's pictures: 490


def split() -> Contestants:
    """logits of 490 pictures of the validation split, decoding included, 128x128"""

    def ours() -> Callable[[], object]:
        from foodviz.analysis import open_subject
        from foodviz.analysis.sweep import sweep

        os.environ["FOODVIZ_CACHE"] = tempfile.mkdtemp()
        subject = open_subject(split="validation", say=lambda _: None)
        model, listing, runs = fast(), subject.split(), itertools.count()

        def run() -> object:
            import torch

            with torch.inference_mode():
                return sweep(
                    subject,
                    listing,
                    range(0, len(listing), EVERY),
                    model.input_size,
                    lambda images: model(images).numpy(),
                    kind="predictions",
                    key=[f"run {next(runs)}"],  # never in the cache
                )

        return run

    def plain(batch: int) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            from foodviz.data import open_dataset
            from foodviz.data.batch import read

            model, listing = bare(), open_dataset().split("validation")

            def run() -> object:
                import torch

                ids = range(0, len(listing), EVERY)
                with torch.inference_mode():
                    return torch.cat(
                        [
                            model(read(listing, ids[start : start + batch], model.input_size).images)
                            for start in range(0, len(ids), batch)
                        ]
                    )

            return run

        return prepare

    return {"foodviz": ours, "bare": plain(8), "bare, batches of 32": plain(32), "bare, batches of 64": plain(64)}
