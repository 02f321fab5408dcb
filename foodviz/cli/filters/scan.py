"""One pass over a data set for a whole layer, kept in the cache: a killed pass goes on where it was."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import click

from foodviz.cache import cache_file
from foodviz.cli.progress import progress
from foodviz.errors import InputError
from foodviz.results import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch

    from foodviz.cli.run import Run
    from foodviz.methods.spectrum import Statistics
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer

BATCH = 16  # pictures a forward pass: maps of early layers are large
KEEP = 16  # batches between two writes of the cache
FITTED = 256  # pictures that colours and spectrum are fitted to


def scanned(run: Run, layer: Layer, module: torch.nn.Module, count: int | None) -> Scan:
    """What the layer answers to `count` pictures, evenly spread over the run's split; labels as the data numbers them.

    Raises:
        InputError: no picture can be read.
    """
    from foodviz.data.batch import batches
    from foodviz.methods.feature_maps import feature_maps
    from foodviz.metrics.filters import Scan

    listing, classifier = run.listing, run.classifier
    ids = listing.spread(count or len(listing))
    key = [classifier.identity, layer.name, listing.fingerprint, str(len(ids))]
    file = cache_file("filters", "1", *key, suffix=".npz")
    arrays = _load(file)
    scan, done = (Scan.restored(arrays), int(arrays["done"])) if arrays else (Scan(), 0)
    skipped: list[str] = []
    left = ids[done:]
    stream = batches(listing, left, classifier.input_size, batch_size=BATCH, skipped=skipped.append)
    what, total = f"{layer.name} over {listing.name}", -(-len(left) // BATCH)
    for number, batch in enumerate(progress(stream, what, quiet=run.quiet, total=total), 1):
        images = batch.images.to(run.device)
        scan.add(images, feature_maps(classifier, module, images), batch.labels.tolist(), batch.ids)
        if number % KEEP == 0:
            _save(file, scan, ids.index(batch.ids[-1]) + 1)
    if not len(scan.ids):
        raise InputError(f"--data {listing.data}: no picture in {listing.name} can be read, first {skipped[0]}")
    if skipped:
        run.say(f"left out {len(skipped)} pictures that cannot be read, first {skipped[0]}")
    if left:
        _save(file, scan, len(ids))
    return scan


def statistics(run: Run, asked: str) -> Statistics:
    """Colours and spectrum of natural pictures, fitted to the run's split or ImageNet's."""
    import numpy as np
    import torch

    from foodviz.data.batch import batches
    from foodviz.methods.spectrum import Statistics, fitted_statistics, imagenet_statistics

    size = run.classifier.input_size
    if asked == "imagenet":
        return imagenet_statistics(size)
    listing = run.listing
    file = cache_file("statistics", "2", listing.fingerprint, str(size), str(FITTED), suffix=".npz")
    arrays = _load(file)
    if arrays is None:
        ids, skipped = listing.spread(FITTED), list[str]()
        stream = batches(listing, ids, size, skipped=skipped.append)
        found = [batch.images for batch in progress(stream, "colours and spectrum", quiet=run.quiet, total=4)]
        if not found:
            raise InputError(f"--data {listing.data}: no picture in {listing.name} can be read, first {skipped[0]}")
        fitted = fitted_statistics(torch.cat(found))
        arrays = {name: np.asarray(getattr(fitted, name)) for name in ("mean", "colour", "magnitude")}
        _write(file, arrays)
    mean, colour, magnitude = (torch.from_numpy(arrays[name]) for name in ("mean", "colour", "magnitude"))
    return Statistics(mean, colour, magnitude, size)


def _save(file: Path, scan: Scan, done: int) -> None:
    import numpy as np

    _write(file, scan.arrays() | {"done": np.array(done)})


def _write(file: Path, arrays: dict[str, np.ndarray]) -> None:
    import numpy as np

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    try:
        write_atomically(file, write)
    except InputError as error:  # a full or read-only cache costs time later, nothing else
        click.echo(f"not kept: {error}", err=True)


def _load(file: Path) -> dict[str, np.ndarray] | None:
    import numpy as np

    try:
        with np.load(file) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
