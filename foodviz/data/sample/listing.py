"""The embedded sample data set: drawn scenes under Food-11's own names, counts and ids."""

import hashlib

from foodviz.data.class_names import FOOD11
from foodviz.data.folders import SPLITS, usual_name
from foodviz.data.split import Split
from foodviz.errors import InputError, nearest
from foodviz.printable import printable

# Pictures per class 0..10, as in Food-11.
COUNTS = {
    "training": (994, 429, 1500, 986, 848, 1325, 440, 280, 855, 1500, 709),
    "validation": (362, 144, 500, 327, 326, 449, 147, 96, 347, 500, 232),
    "evaluation": (368, 148, 500, 335, 287, 432, 147, 96, 303, 500, 231),
}


def sample_name(split: str | None) -> str:
    """The usual name of a split; None for training.

    Raises:
        InputError: no such split.
    """
    requested = "training" if split is None else split.lower()
    name = usual_name(requested)
    if name is None:
        raise InputError(f"`split` {printable(requested)}: not in the sample; {nearest(requested, SPLITS)}")
    return name


def list_sample(name: str, resize: str) -> Split:
    """One split of the sample, by its usual name; pictures are drawn when they are read."""
    from foodviz.data.sample.scenes import mask, picture

    entries = sorted((f"{label}_{n}.jpg", label) for label, count in enumerate(COUNTS[name]) for n in range(count))
    names, labels = zip(*entries, strict=True)

    def stamp() -> str:
        """Digest of a few pictures: another release may draw them otherwise."""
        some = b"".join(picture(name, names[place]) for place in (0, len(names) // 2, len(names) - 1))
        return hashlib.sha256(some).hexdigest()

    return Split(
        "sample",
        name,
        names,
        labels,
        FOOD11,
        open=lambda file: picture(name, file),
        draw_mask=lambda file: mask(name, file),
        stamp=stamp,
        resize=resize,
    )
