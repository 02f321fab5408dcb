"""Names of classes: Food-11's, which class of the model each class of the data is, and the class a user means.

Names are compared as they are first, then by their letters alone, where these tell the classes apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from foodviz.errors import InputError, nearest
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np

    from foodviz.data.split import Split

MOST_CLASSES = 10_000  # a larger number in a name is a date or a time: 20231105_123456.jpg
_FOOD11 = re.compile(r"food[-_ ]?11(?!\d)", re.IGNORECASE)
MOST_GUESSED = 20  # names that are taken for others nearly like them; more are no slips, and comparing takes long
FOOD11 = (
    "Bread",
    "Dairy product",
    "Dessert",
    "Egg",
    "Fried food",
    "Meat",
    "Noodles/Pasta",
    "Rice",
    "Seafood",
    "Soup",
    "Vegetable/Fruit",
)


def is_food11(text: str) -> bool:
    """Whether a path, a file's name or an architecture's says that it is Food-11's."""
    return bool(_FOOD11.search(text))


def class_names_for(labels: Iterable[int]) -> tuple[str, ...]:
    """Food-11's names where the numbers fit them, else `class 0`, `class 1`, …"""
    classes = max(labels, default=-1) + 1
    return FOOD11 if classes <= len(FOOD11) else tuple(f"class {index}" for index in range(classes))


def class_number(text: str) -> int | None:
    """The class that a number means, 0 to MOST_CLASSES - 1; None where it is none."""
    digits = text.lstrip("0") or text[-1:]
    short = len(digits) < len(str(MOST_CLASSES))
    return int(digits) if short and digits.isascii() and digits.isdecimal() else None


def plain_names(names: Iterable[str]) -> dict[str, int]:
    """Letters and digits of each name -> its index, of those that no other name has, too."""
    indices: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        indices.setdefault(_plain(name), []).append(index)
    return {plain: of_name[0] for plain, of_name in indices.items() if len(of_name) == 1}


def match_classes(split: Split, of_model: Sequence[str]) -> tuple[tuple[int, ...], list[str]]:
    """For each class of the data its index among the model's, -1 for one without pictures that the model lacks.

    Names decide where every class that has pictures is one of the model's, whatever the order and with small
    differences in spelling. Numbers decide where the data or the model has nothing else.

    Returns:
        The indices, and remarks on them for the user.

    Raises:
        InputError: a class of the data is not certainly one of the model's.
    """
    names = split.class_names
    used = sorted({split.labels[index] for index in split.labelled_ids})
    if names == tuple(of_model):
        return tuple(range(len(names))), []
    same = _same_names(names, of_model)
    by_name = {label: same[label] for label in used if label in same}
    if len(by_name) < len(used):
        fitting = namings(split, len(of_model)) if nameless(of_model) else []
        if fitting:
            return tuple(fitting[0].index(name) for name in names), []
        if split.numbered:
            return _by_number(split, used, of_model)
    remarks = []
    plain = plain_names(of_model)
    unknown = [label for label in used if label not in by_name]
    if len(unknown) > MOST_GUESSED:
        more = f"{_quoted(names[unknown[0]])} of the data, and {len(unknown) - 1} more are not in it"
        raise InputError(f"the model has no class {more}; {_nearest(names[unknown[0]], of_model)}")
    for label in unknown:
        by_name[label] = _near(names[label], plain, of_model)
        theirs = _quoted(of_model[by_name[label]])
        remarks.append(f"class {_quoted(names[label])} of the data is taken to be the model's {theirs}")
    taken = Counter(by_name.values())
    for index, count in taken.items():
        if count > 1:
            several = " and ".join(_quoted(names[label]) for label in used if by_name[label] == index)
            raise InputError(f"the classes {several} of the data are one to the model, {_quoted(of_model[index])}")
    if any(label != index for label, index in by_name.items()):
        remarks.append("classes of the data and of the model stand in another order: matched by name")
    order = same | by_name
    return tuple(order.get(label, -1) for label in range(len(names))), remarks


def _same_names(names: Sequence[str], of_model: Sequence[str]) -> dict[int, int]:
    """Index of a class of the data -> the model's of that name, or else of the same letters."""
    count = Counter(of_model)
    exact = {name: index for index, name in enumerate(of_model) if count[name] == 1}
    plain = plain_names(of_model)
    matched = {}
    for label, name in enumerate(names):
        index = exact.get(name, plain.get(_plain(name)))
        if index is not None:
            matched[label] = index
    return matched


def namings(split: Split, count: int) -> list[tuple[str, ...]]:
    """What the outputs of a model that names none may be called, as its training may have had the data's classes.

    The order of the folders, as torchvision's ImageFolder has them; that of the numbers that are their names; or
    Food-11's, of which a folder may have some classes only.

    Args:
        count: of the outputs; only namings of so many are given.
    """
    names = split.class_names
    ways = [names]
    if split.numbered and all(class_number(name) is not None for name in names):
        ways.append(tuple(sorted(names, key=int)))
    food11 = plain_names(FOOD11)
    indices = [food11.get(_plain(name)) for name in names]
    if None not in indices:
        ways.append(tuple(names[indices.index(k)] if k in indices else name for k, name in enumerate(FOOD11)))
    return [way for way in dict.fromkeys(ways) if len(way) == count]


def _by_number(split: Split, used: list[int], of_model: Sequence[str]) -> tuple[tuple[int, ...], list[str]]:
    """The class of the number that the data gives, from 0, or where that fits alone from 1."""
    written = [class_number(name) for name in split.class_names]
    numbers = [label if number is None else number for label, number in enumerate(written)]
    least, most = min(numbers[label] for label in used), max(numbers[label] for label in used)
    first = 1 if least > 0 and most == len(of_model) else 0
    if most - first >= len(of_model):
        label = numbers.index(most)
        raise InputError(
            f"the data has the class {_quoted(split.class_names[label])} (number {most}), "
            f"the model only {len(of_model)} classes, 0 to {len(of_model) - 1}"
        )
    order = tuple(number - first if 0 <= number - first < len(of_model) else -1 for number in numbers)
    ends = f"{first} is {_quoted(of_model[0])}, {most} is {_quoted(of_model[most - first])}"
    return order, [f"classes matched by number: {ends}"]


def _near(name: str, plain: dict[str, int], of_model: Sequence[str]) -> int:
    """The one class of the model that has nearly this name."""
    if name in of_model:
        raise InputError(f"the model has several classes {_quoted(name)}: which one the data's is cannot be told")
    close = get_close_matches(_plain(name), plain, n=2, cutoff=0.85)
    if len(close) != 1:
        raise InputError(f"the model has no class {_quoted(name)} of the data; {_nearest(name, of_model)}")
    return plain[close[0]]


def nameless(names: Sequence[str]) -> bool:
    """Whether classes are only numbered, as a model's are whose file does not name them."""
    return all(name == f"class {index}" for index, name in enumerate(names))


def find_class(requested: str, class_names: Sequence[str], parameter: str = "target") -> int:
    """The class that a name, its beginning or its number means.

    Raises:
        InputError: no such class, or several begin so.
    """
    given = f"`{parameter}` {printable(requested)}"
    names = list(class_names)
    if names.count(requested) == 1:
        return names.index(requested)
    if requested.isascii() and requested.isdecimal():
        number = class_number(requested)
        if number is None or number >= len(class_names):
            raise InputError(f"{given}: the classes are numbered 0 to {len(class_names) - 1}")
        return number
    plain, letters = plain_names(names), _plain(requested)
    if letters in plain:
        return plain[letters]
    begun = [index for index, name in enumerate(names) if letters and _plain(name).startswith(letters)]
    if len(begun) > 1:
        raise InputError(
            f"{given}: several classes begin so: {', '.join(printable(names[index]) for index in begun[:5])}"
        )
    if not begun:
        raise InputError(f"{given}: no such class; {_nearest(requested, names)}")
    return begun[0]


def _plain(name: str) -> str:
    """What of a name tells classes apart in spite of spelling: its letters and digits, or where it has none, itself."""
    return "".join(sign for sign in name.lower() if sign.isalnum()) or name


def _quoted(name: str) -> str:
    return f"'{printable(name)}'"


def _nearest(name: str, names: Sequence[str]) -> str:
    return nearest(printable(name), map(printable, names))


def renumbered(labels: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Labels as another numbering has them, -1 where unknown; `order` is as `match_classes` gives it."""
    import numpy as np

    return np.asarray(np.where(labels >= 0, np.asarray(order)[labels.clip(0)], -1))
