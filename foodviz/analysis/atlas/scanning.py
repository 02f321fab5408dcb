"""What all layers answer to many photographs: one pass for all of them, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.analysis.filters.scan import BATCH, BATCHES
from foodviz.analysis.sweep import gather

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.analysis.sweep import Arrays
    from foodviz.data import Split
    from foodviz.data.batch import Batch
    from foodviz.metrics.filters import Scan
    from foodviz.models import Classifier
    from foodviz.models.units import Unit


def scan_units(
    subject: Subject, split: Split, ids: Sequence[int], units: Sequence[Unit], model: Classifier
) -> tuple[tuple[Scan, ...], dict[str, np.ndarray]]:
    """The scan of each unit over pictures of a split, and what enters the convolutions of those that others feed.

    Args:
        model: that answers as the subject's classifier and keeps the output of every unit.

    Returns:
        The scans, labels as the data numbers them; and by unit the mean of each channel that enters its convolution,
        (C_in,).

    Raises:
        InputError: no picture can be read.
    """
    import numpy as np

    from foodviz.metrics.filters import Scan

    fed = [unit for unit in units if unit.fed_by]
    looked_at = [unit.name for unit in units] + [f"into {unit.name}" for unit in fed]

    class UnitsTally:
        """The scans of one part, and the mean of each picture's channels that enter a convolution."""

        def __init__(self) -> None:
            self.scans = {unit.name: Scan() for unit in units}
            self.entering: dict[str, list[np.ndarray]] = {unit.name: [] for unit in fed}

        def add(self, batch: Batch) -> None:
            import torch

            from foodviz.hooks import evaluating, watching

            images = batch.images.to(subject.device)
            new: set[str] = set()  # a module that runs twice is looked at once

            def of_layer(name: str, _inputs: tuple[object, ...], output: object) -> None:
                if name not in new:
                    new.add(name)
                    self.scans[name].add(images, _tensor(output), batch.labels.tolist(), batch.ids)

            def of_convolution(name: str, inputs: tuple[object, ...], _output: object) -> None:
                if f"into {name}" not in new:
                    new.add(f"into {name}")
                    self.entering[name].append(_tensor(inputs[0]).mean((2, 3)).cpu().numpy())

            layers = {unit.name: unit.layer.of(model).module for unit in units}
            convolutions = {unit.name: model.network.get_submodule(unit.convolution) for unit in fed}
            # looked at as they run: the next module may write over an output
            looking = watching(layers, of_layer), watching(convolutions, of_convolution)
            with evaluating(model), torch.inference_mode(), looking[0], looking[1]:
                model(images)

        def arrays(self) -> Arrays:
            scanned = {
                f"{name}/{key}": value for name, scan in self.scans.items() for key, value in scan.arrays().items()
            }
            return scanned | {f"into {name}": np.concatenate(rows) for name, rows in self.entering.items()}

    parts, _ = gather(
        subject,
        split,
        ids,
        subject.classifier.input_size,
        UnitsTally,
        kind="atlas-scan",
        key=[subject.classifier.identity, subject.device.type, *looked_at],
        batch=BATCH,
        batches=BATCHES,
    )
    scans = [Scan.joined(_of_unit(part, unit.name) for part in parts) for unit in units]
    into = [f"into {unit.name}" for unit in fed]
    means = [np.concatenate([part[name] for part in parts]).mean(0, dtype=np.float64) for name in into]
    return tuple(scans), dict(zip((unit.name for unit in fed), means, strict=True))


def _of_unit(part: Arrays, name: str) -> Arrays:
    """What a part holds of one unit."""
    prefix = f"{name}/"
    return {key.removeprefix(prefix): value for key, value in part.items() if key.startswith(prefix)}


def _tensor(value: object) -> Tensor:
    import torch

    assert isinstance(value, torch.Tensor)
    return value
