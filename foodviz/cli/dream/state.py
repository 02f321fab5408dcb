"""What a dream has come to so far, kept on disk after every snapshot so that `--resume` can go on from there."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.errors import InputError
from foodviz.results import write_atomically

if TYPE_CHECKING:
    import numpy as np

    from foodviz.methods.deep_dream import Moment


@dataclass
class Diary:
    """The snapshots of a dream and its objective at every step.

    Attributes:
        settings: everything that the pictures depend on, as JSON has it.
        every: steps between snapshots. last: the dream's last step, which is one, too.
        frames: pictures (H, W, 3) uint8, as they are shown, the photograph first.
        steps, objectives: of each frame, at the photograph's size.
        curve: the objective at every step from 0, at the size that is climbed then.
    """

    settings: dict[str, Any]
    every: int
    last: int
    frames: list[np.ndarray] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    objectives: list[float] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)

    def due(self, moment: Moment) -> bool:
        """Note the moment's objective, and say whether its picture is to be kept."""
        self.curve[moment.step :] = [moment.objective]
        return moment.step not in self.steps and (moment.step % self.every == 0 or moment.step == self.last)

    def keep(self, moment: Moment, frame: np.ndarray, objective: float) -> None:
        """Add a snapshot and its picture's own objective."""
        self.frames.append(frame)
        self.steps.append(moment.step)
        self.objectives.append(objective)

    def save(self, path: Path, moment: Moment) -> None:
        """Write everything that the rest of the dream depends on."""
        import numpy as np

        arrays = {f"memory_{place}": each.cpu().numpy() for place, each in enumerate(moment.memory)}

        def write(temporary: Path) -> None:
            with temporary.open("wb") as stream:
                np.savez(
                    stream,
                    allow_pickle=False,
                    settings=np.array(json.dumps(self.settings, sort_keys=True)),
                    step=np.array(moment.step),
                    canvas=moment.canvas.cpu().numpy(),
                    frames=np.stack(self.frames),
                    steps=np.array(self.steps),
                    objectives=np.array(self.objectives),
                    curve=np.array(self.curve),
                    **arrays,
                )

        write_atomically(path, write)

    def load(self, path: Path) -> Moment:
        """Take up what `save` wrote and return the moment to go on from.

        Raises:
            InputError: nothing there, not such a file, other settings, or a dream that is over.
        """
        import numpy as np
        import torch

        from foodviz.methods.deep_dream import Moment

        if not path.is_file():
            raise InputError(f"--resume: no dream was begun here, {path} is not there")
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
                content = {key: saved[key] for key in saved.files}
            begun = json.loads(str(content["settings"]))
            self.frames, self.steps = list(content["frames"]), content["steps"].tolist()
            self.objectives, self.curve = content["objectives"].tolist(), content["curve"].tolist()
            memory = tuple(torch.from_numpy(content[key]) for key in sorted(content) if key.startswith("memory_"))
            moment = Moment(int(content["step"]), torch.from_numpy(content["canvas"]), memory)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            raise InputError(f"--resume: {path} is damaged or was not written by foodviz dream") from None
        for key, value in self.settings.items():
            if begun.get(key) != value:
                raise InputError(f"--resume: the dream was begun with {key} {begun.get(key)}, not {value}")
        if moment.step > self.last:
            raise InputError(f"--resume: the dream is at step {moment.step}, past --steps {self.last}")
        kept = [place for place, step in enumerate(self.steps) if step % self.every == 0 or step == self.last]
        self.frames = [self.frames[place] for place in kept]
        self.objectives = [self.objectives[place] for place in kept]
        self.steps = [self.steps[place] for place in kept]
        return moment
