"""LIME's explanations of photographs: its settings, and what it finds in each picture."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from foodviz.analysis import hiding
from foodviz.errors import InputError, nearest, require
from foodviz.methods.lime import segmenters
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from foodviz.analysis.photographs import Photographs
    from foodviz.analysis.subject import Subject
    from foodviz.methods.hidden import Cover
    from foodviz.methods.lime.lime import Explanation

Design = Literal["balanced", "antithetic", "random"]
Engine = Literal["foodviz", "lime"]
Output = Literal["logits", "probabilities"]
Segmenter = Literal["slic", "quickshift", "felzenszwalb"]
Precision = Literal["float32", "bfloat16", "bf16"]
_CHOICES = {"engine": Engine, "output": Output, "segmenter": Segmenter, "precision": Precision}

FEWEST, MOST_SAMPLES = 10, 20_000  # with MOST_SUPERPIXELS the most take 2 GB
# Below, no sample but the photograph itself weighs anything in the fit; above, all weigh the same.
NARROWEST, WIDEST = 0.05, 1000.0
_FIELDS = ("segments", "weights", "intercepts", "fits", "stability", "logits", "shown", "scores")  # that are saved


@dataclass(frozen=True)
class LimeSettings:
    """What decides an explanation beside model and picture."""

    samples: int | None = None  # None: until settled
    design: str = "balanced"
    engine: str = "foodviz"
    output: str = "logits"
    segmenter: str = "slic"
    cutting: Mapping[str, float] = field(default_factory=dict)  # the segmenter's own
    hide: hiding.Hide = "auto"
    kernel_width: float = 0.25
    precision: str = "float32"

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> LimeSettings:
        """Those of `lime`'s arguments that are meant, checked; nothing slow is imported.

        Raises:
            InputError: arguments that do not go together, or a value out of its range.
        """
        for name, kind in _CHOICES.items():
            _one_of(name, arguments[name], get_args(kind))
        engine, design = arguments["engine"], arguments["design"]
        if design is not None:
            _one_of("design", design, get_args(Design))
            if engine == "lime" and design != "random":
                raise InputError(f"`design` {design}: the lime package draws random samples; leave `engine` out")
        width = arguments["kernel_width"]
        require(NARROWEST <= width <= WIDEST, "kernel_width", width, f"must be from {NARROWEST:g} to {WIDEST:g}")
        cutting = {name: arguments[name] for name in segmenters.SETTINGS if arguments[name] is not None}
        segmenters.arguments(arguments["segmenter"], cutting)
        return cls(
            samples=_number_of_samples(arguments["samples"]),
            design=design or ("random" if engine == "lime" else "balanced"),
            cutting=cutting,
            hide=hiding.hide_of(arguments["hide"]),
            kernel_width=width,
            **{name: arguments[name] for name in _CHOICES},
        )

    @property
    def unit(self) -> str:
        """What a weight is measured in."""
        return {"logits": "logits", "probabilities": "probability"}[self.output]


@dataclass(frozen=True)
class ExplainedPicture:
    """What LIME finds for one picture of a run."""

    key: str  # of its arrays: its id, or its number among the files given
    image: Tensor  # (3, H, W), on the CPU
    explanation: Explanation
    names: tuple[str, ...]  # of the targets
    seed: int
    cover: Cover  # what hidden superpixels show
    all_hidden: str  # the model's prediction where all of them are hidden

    @property
    def remark(self) -> str:
        """What to say where hiding takes too little away; empty elsewhere."""
        if self.all_hidden not in self.names:
            return ""
        return f"{self.key} still looks like {printable(self.all_hidden)} ({self.cover.confidence:.0%}) with all hidden"

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The raw values by name."""
        import numpy as np

        values = {f"{name}_{self.key}": getattr(self.explanation, name).numpy() for name in _FIELDS}
        values[f"targets_{self.key}"] = np.array(self.explanation.targets)
        return values | {f"image_{self.key}": self.image.numpy()}

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        from foodviz.methods.lime.lime import STABLE

        explanation = self.explanation
        return {
            "picture": self.key,
            "seed": self.seed,  # lime's random_state for the same rows, where they are random
            "superpixels": explanation.weights.shape[1],
            "samples": len(explanation.shown),
            "settled": explanation.settled,
            "hidden": self.cover.way,
            "all_hidden": {"predicted": self.all_hidden, "probability": self.cover.confidence},
            "targets": [
                {
                    "class": name,
                    "intercept": float(explanation.intercepts[row]),
                    "r2": float(explanation.fits[row]),
                    "stable_signs": int((explanation.stability[row] >= STABLE).sum()),
                }
                for row, name in enumerate(self.names)
            ],
        }


def lime_seed(subject: Subject, digest: str) -> int:
    """A picture's seed, as small as the lime package's random generator wants it."""
    return subject.image_seed(digest) % 2**32


def explained(
    photographs: Photographs, settings: LimeSettings, targets: Sequence[tuple[int, ...]]
) -> Iterator[ExplainedPicture]:
    """Explain pictures one after the other, each with a seed of its own.

    Args:
        targets: class indices for each picture.
    """
    from foodviz import models
    from foodviz.devices import choose_precision
    from foodviz.methods.hidden import cover
    from foodviz.methods.lime.superpixels import segment

    subject, batch = photographs.subject, photographs.batch
    class_names = subject.classifier.class_names
    fast = models.fast(subject.classifier)
    model: nn.Module = fast
    if choose_precision(settings.precision, subject.device, subject.say) == "bfloat16":
        model = copy.deepcopy(fast).bfloat16()
    pictures = zip(batch.ids, batch.images, batch.digests, targets, strict=True)
    for number, (index, image, digest, classes) in enumerate(subject.progress(pictures, "lime", total=len(batch))):
        segments = segment(image, settings.segmenter, **settings.cutting)
        seed = lime_seed(subject, digest)
        hidden = cover(fast, image, segments, classes[0], settings.hide, seed)
        yield ExplainedPicture(
            str(index) if index >= 0 else f"image{number}",
            image.cpu(),
            _explanation(model, image, segments, hidden.picture, classes, settings, seed),
            tuple(class_names[target] for target in classes),
            seed,
            hidden,
            class_names[hidden.predicted],
        )


def _explanation(
    model: nn.Module,
    image: Tensor,
    segments: Tensor,
    hidden: Tensor,
    targets: Sequence[int],
    settings: LimeSettings,
    seed: int,
) -> Explanation:
    from foodviz.methods.lime.lime import MOST, explain
    from foodviz.methods.lime.package import explain_with_lime

    how: dict[str, Any] = {
        "hidden": hidden,
        "output": settings.output,
        "kernel_width": settings.kernel_width,
        "seed": seed,
    }
    if settings.engine == "lime":
        return explain_with_lime(model, image, segments, targets, samples=settings.samples or MOST, **how)
    return explain(model, image, segments, targets, samples=settings.samples, design=settings.design, **how)


def _one_of(name: str, value: object, choices: Sequence[str]) -> None:
    require(value in choices, name, value, nearest(str(value), choices))


def _number_of_samples(samples: int | str) -> int | None:
    """A number, also where it is written out as text; None for `auto`."""
    if samples == "auto":
        return None
    # Twenty digits and more are no number that anyone waits for, and thousands of them take int() long.
    number = int(samples) if isinstance(samples, int) or (samples.isdecimal() and len(samples) < 20) else -1
    wanted = f"must be auto or a number of at least {FEWEST}, at most {MOST_SAMPLES:,}"
    require(FEWEST <= number <= MOST_SAMPLES, "samples", str(samples)[:40], wanted)
    return number
