"""What a dream has come to so far, kept on disk after every snapshot so that `resume` can go on from there."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.errors import InputError
from foodviz.results import npz_bytes, write_bytes

if TYPE_CHECKING:
    import numpy as np

    from foodviz.methods.deep_dream import Moment


class Snapshots:
    """The pictures of a dream at every so many steps, and its objective at each step.

    Args:
        depends: everything that the pictures depend on, plain JSON.
        every: steps between snapshots. last: the dream's last step, which is one, too. count: how many there will be.
        size: (height, width) of each.

    Attributes:
        steps, objectives: of each picture, at the photograph's size.
        curve: the objective at every step from 0, at the size that is climbed then.
    """

    def __init__(self, depends: Mapping[str, Any], every: int, last: int, count: int, size: tuple[int, int]) -> None:
        import numpy as np

        self.depends, self.every, self.last = depends, every, last
        self.steps: list[int] = []
        self.objectives: list[float] = []
        self.curve: list[float] = []
        # filled as it goes; a list would be copied whole for each file
        self._frames = np.zeros((count, *size, 3), np.uint8)

    @property
    def frames(self) -> np.ndarray:
        """(F, H, W, 3) uint8, the pictures so far as they are shown, the photograph first."""
        return self._frames[: len(self.steps)]

    def due(self, moment: Moment) -> bool:
        """Note the moment's objective, and say whether its picture is to be kept."""
        self.curve[moment.step :] = [moment.objective]
        return moment.step not in self.steps and self._wanted(moment.step)

    def _wanted(self, step: int) -> bool:
        return step % self.every == 0 or step == self.last

    def keep(self, moment: Moment, frame: np.ndarray, objective: float) -> None:
        """Add a picture (H, W, 3) uint8 and its own objective."""
        self._frames[len(self.steps)] = frame
        self.steps.append(moment.step)
        self.objectives.append(objective)

    def save(self, path: Path, moment: Moment) -> None:
        """Write everything that the rest of the dream depends on."""
        import numpy as np

        arrays = {
            "settings": np.array(json.dumps(self.depends, sort_keys=True)),
            "step": np.array(moment.step),
            "canvas": moment.canvas.cpu().numpy(),
            "frames": self.frames,
            "steps": np.array(self.steps),
            "objectives": np.array(self.objectives),
            "curve": np.array(self.curve),
        }
        memory = {f"memory_{number}": each.cpu().numpy() for number, each in enumerate(moment.memory)}
        write_bytes(path, npz_bytes(arrays | memory))

    def load(self, path: Path, size_at: Callable[[int], tuple[int, int]]) -> Moment:
        """Take up what `save` wrote and return the moment to go on from.

        Args:
            size_at: step -> (height, width) of the canvas then.

        Raises:
            InputError: nothing there, not such a file, other settings, or a dream that is over.
        """
        import torch

        from foodviz.methods.deep_dream import Moment

        if not path.is_file():
            raise InputError(f"`resume`: no dream was begun here, {path} is not there")
        damaged = InputError(f"`resume`: {path} is damaged or was not written by foodviz dream")
        try:
            content = _arrays(path)
            begun, step = dict(json.loads(str(content["settings"]))), int(content["step"])
            steps, objectives = content["steps"].tolist(), content["objectives"].tolist()
            curve = content["curve"].tolist()
        except (OSError, ValueError, TypeError, KeyError, EOFError, MemoryError, zipfile.BadZipFile):
            raise damaged from None
        for key, value in self.depends.items():
            if begun.get(key) != value:
                raise InputError(f"`resume`: the dream was begun with {key} {begun.get(key)}, not {value}")
        if step > self.last:
            raise InputError(f"`resume`: the dream is at step {step}, past `steps` {self.last}")
        memory = [content[key] for key in sorted(content) if key.startswith("memory_")]
        shape = (1, 3, *size_at(step)) if step >= 0 else ()
        sound = all(each.shape == shape and each.dtype == "float32" for each in (content["canvas"], *memory))
        sound &= len(curve) == step + 1 and all(isinstance(each, float) and math.isfinite(each) for each in curve)
        sound &= content["frames"].shape == (len(steps), *self._frames.shape[1:]) and len(objectives) == len(steps)
        kept = [index for index, each in enumerate(steps) if self._wanted(each)]
        if not sound or len(kept) > len(self._frames) or steps != sorted({*steps}) or steps[-1] > step:
            raise damaged
        self.curve = curve
        self.steps = [steps[index] for index in kept]
        self.objectives = [objectives[index] for index in kept]
        self._frames[: len(kept)] = content["frames"][kept]
        return Moment(step, torch.from_numpy(content["canvas"]), tuple(map(torch.from_numpy, memory)))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file; one that was compressed is none of ours and could be of any size."""
    import numpy as np

    with zipfile.ZipFile(path) as archive:
        if any(each.compress_type != zipfile.ZIP_STORED for each in archive.infolist()):
            raise ValueError("compressed")
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
        return {key: saved[key] for key in ("settings", "step", "canvas", "frames", "steps", "objectives", "curve")} | {
            key: saved[key] for key in saved.files if key in ("memory_0", "memory_1")
        }
