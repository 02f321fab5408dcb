"""Pictures chosen by what they are instead of by their ids: a class's, those that are named wrongly, so many of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.analysis.subject import MOST_PICTURES
from foodviz.errors import InputError, UsageError, require
from foodviz.printable import printable

if TYPE_CHECKING:
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split

USUAL = 20  # pictures where nobody says how many


def choose(
    subject: Subject,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    *,
    class_name: str | None = None,
    errors: bool = False,
    limit: int | None = None,
) -> tuple[Split, tuple[int, ...]]:
    """Pictures and where they are: those named, as `Subject.choose` has them, or those of the subject's split that fit.

    Args:
        ids: by their ids.
        image: files.
        class_name: those with this label, by its name or number.
        errors: those whose label is not what the model answers.
        limit: at most so many of those that fit, evenly spread; None for USUAL.

    Raises:
        InputError: no such class, no picture that fits, or what `Subject.choose` raises.
    """
    if class_name is None and not errors and limit is None:
        return subject.choose(ids, image)
    if ids or image:
        raise UsageError("`ids` and `image` name pictures; `class_name`, `errors` and `limit` choose them: give either")
    count = USUAL if limit is None else limit
    require(1 <= count <= MOST_PICTURES, "limit", count, f"must be 1 to {MOST_PICTURES:,}")

    split = subject.split()
    return split, of_split(subject, split, class_name, errors, count)


def of_split(
    subject: Subject, split: Split, class_name: str | None, errors: bool, count: int | None = None
) -> tuple[int, ...]:
    """Ids of the pictures of a split that fit, at most `count` of them, evenly spread; arguments as in `choose`.

    Raises:
        InputError: no such class, or no picture that fits.
    """
    fitting: Sequence[int] = of_class(split, class_name)[1] if class_name is not None else range(len(split))
    if errors:
        fitting = _wrong(subject, split, fitting)
    return spread(subject, fitting, count)


def spread(subject: Subject, fitting: Sequence[int], count: int | None) -> tuple[int, ...]:
    """At most `count` of these ids, evenly spread, which is said; all where None."""
    from foodviz.data import spread_ids

    chosen = spread_ids(fitting, len(fitting) if count is None else count)
    if len(chosen) < len(fitting):
        subject.say(f"{len(chosen)} of {len(fitting):,} pictures, evenly spread")
    return chosen


def of_class(split: Split, class_name: str) -> tuple[int, list[int]]:
    """The class of the data that a name or number means, and the ids of its pictures.

    Raises:
        InputError: no such class, or no picture of it.
    """
    from foodviz.data import find_class

    label = find_class(class_name, split.class_names, "class_name")
    ids = [index for index in split.labelled_ids if split.labels[index] == label]
    if not ids:
        where, name = f"{printable(split.name)} of {printable(split.data)}", printable(split.class_names[label])
        raise InputError(f"`class_name` {printable(class_name)}: {where} has no picture labelled {name}")
    return label, ids


def _wrong(subject: Subject, split: Split, ids: Sequence[int]) -> list[int]:
    """Those whose label is known and not answered.

    Raises:
        InputError: there is none.
    """
    from foodviz.analysis.predictions import predict

    known = set(split.labelled_ids)
    labelled = [index for index in ids if index in known]
    if not labelled:
        raise InputError(f"`errors`: no picture in {printable(split.name)} of {printable(split.data)} has a label")
    answers = predict(subject, split, labelled)
    wrong: list[int] = answers.ids[~answers.right].tolist()
    if not wrong:
        raise InputError(f"`errors`: all {len(answers):,} pictures are named rightly")
    return wrong
