"""LIME's flags as settings, and one answer per picture of a run."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foodviz.cli.options import number_or
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.cli.run import Run
    from foodviz.methods.lime import Superpixels
    from foodviz.render.lime import Told

_OF_SEGMENTERS = ("segments", "compactness", "sigma", "kernel_size", "max_distance", "ratio", "scale", "min_size")


@dataclass(frozen=True)
class Settings:
    """What LIME's own flags ask for."""

    samples: int | None  # None: until settled
    design: str
    engine: str
    output: str
    segmenter: str
    cutting: dict[str, float]  # the segmenter's own
    hide: str | tuple[float, ...]
    kernel_width: float
    precision: str

    @classmethod
    def of(cls, flags: dict[str, Any]) -> Settings:
        """Take LIME's own flags out of all; the shared ones stay.

        Raises:
            InputError: flags that do not go together, or are no number or colour.
        """
        own = {
            name: flags.pop(name) for name in ("design", "engine", "output", "segmenter", "kernel_width", "precision")
        }
        cutting = {name: flags.pop(name) for name in _OF_SEGMENTERS}
        if own["engine"] == "lime" and own["design"] not in (None, "random"):
            raise InputError(
                f"--design {own['design']}: the lime package draws random samples; leave --engine lime out"
            )
        own["design"] = own["design"] or ("random" if own["engine"] == "lime" else "balanced")
        return cls(
            samples=number_or(
                "auto", flags.pop("samples"), 10, "--samples {}: must be `auto` or a number of at least 10"
            ),
            hide=_hide(flags.pop("hide")),
            cutting={name: value for name, value in cutting.items() if value is not None},
            **own,
        )

    @property
    def unit(self) -> str:
        """What a weight is measured in."""
        return {"logits": "logits", "probabilities": "probability"}[self.output]


@dataclass(frozen=True)
class Answer:
    """LIME's answer for one picture of a run."""

    key: str  # of its arrays: its id, or its place among the files given
    image: Tensor  # (3, H, W), on the CPU
    told: Superpixels
    names: tuple[str, ...]  # of the targets
    seed: int
    blank: tuple[str, float]  # what the model says with everything hidden, and how surely

    def drawn(self, place: int, chosen: Sequence[int]) -> Told:
        """The target at `place` for the figure, with the superpixels of its cut-out."""
        from foodviz.methods.lime import STABLE
        from foodviz.render.lime import Told

        told = self.told
        probability = float(told.logits.softmax(0)[told.targets[place]])
        stable = (told.stability[place] >= STABLE).numpy()
        caption = (
            f"{self.names[place]} {probability:.0%}, R² {told.fits[place]:.2f}\n"
            f"{stable.sum()} of {len(stable)} signs stable, {len(told.shown)} samples"
        )
        return Told(caption, told.weights[place].numpy(), stable, chosen)

    @property
    def remark(self) -> str:
        """What to say where hiding takes too little away; empty elsewhere."""
        name, probability = self.blank
        return f"{self.key} still looks like {name} ({probability:.0%}) with all hidden" if name in self.names else ""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The raw values by name."""
        import numpy as np

        fields = ("segments", "weights", "intercepts", "fits", "stability", "logits", "shown", "scores")
        values = {f"{name}_{self.key}": getattr(self.told, name).numpy() for name in fields}
        values[f"targets_{self.key}"] = np.array(self.told.targets)
        return values | {f"image_{self.key}": self.image.numpy()}

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        from foodviz.methods.lime import STABLE

        told = self.told
        return {
            "picture": self.key,
            "seed": self.seed,  # lime's random_state for the same rows, where they are random
            "superpixels": told.weights.shape[1],
            "samples": len(told.shown),
            "settled": told.settled,
            "all_hidden": {"predicted": self.blank[0], "probability": self.blank[1]},
            "targets": [
                {
                    "class": name,
                    "intercept": float(told.intercepts[place]),
                    "r2": float(told.fits[place]),
                    "stable_signs": int((told.stability[place] >= STABLE).sum()),
                }
                for place, name in enumerate(self.names)
            ],
        }


def answers(run: Run, settings: Settings, targets: Sequence[tuple[int, ...]]) -> Iterator[Answer]:
    """Explain the run's pictures one after the other, each with a seed of its own.

    Args:
        targets: class indices for each picture.
    """
    import torch

    from foodviz.cli.progress import progress
    from foodviz.methods.lime import MOST, explain
    from foodviz.methods.lime_package import explain_with_lime
    from foodviz.methods.superpixels import painted_over, segment

    model: torch.nn.Module = run.classifier
    if settings.precision != "float32":
        model = copy.deepcopy(model).bfloat16()  # predictions in captions stay those of the model as it is
    labels = [str(index) if index >= 0 else f"image{place}" for place, index in enumerate(run.batch.ids)]
    given = list(zip(labels, run.batch.images, run.batch.digests, targets, strict=True))
    for key, image, digest, wanted in progress(given, "lime", quiet=run.quiet):
        segments = segment(image, settings.segmenter, **settings.cutting)
        hidden = painted_over(image, segments, settings.hide)
        with torch.inference_mode():
            sure, said = run.classifier(hidden[None]).softmax(1)[0].max(0)
        seed = run.image_seed(digest) % 2**32
        asked: dict[str, Any] = {
            "hidden": hidden,
            "output": settings.output,
            "kernel_width": settings.kernel_width,
            "seed": seed,
        }
        if settings.engine == "lime":
            told = explain_with_lime(model, image, segments, wanted, samples=settings.samples or MOST, **asked)
        else:
            told = explain(model, image, segments, wanted, samples=settings.samples, design=settings.design, **asked)
        names = [run.classifier.class_names[target] for target in (*wanted, int(said))]
        yield Answer(key, image.cpu(), told, tuple(names[:-1]), seed, (names[-1], float(sure)))


def _hide(asked: str) -> str | tuple[float, ...]:
    if asked in ("mean", "blur"):
        return asked
    from PIL import ImageColor

    try:
        return tuple(value / 255 for value in ImageColor.getrgb(asked)[:3])
    except ValueError:
        raise InputError(f"--hide {asked}: must be mean, blur, or a colour such as grey or #808080") from None
