"""Names of classes: Food-11's, which class of the model each class of the data is, and the class a user means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from foodviz.errors import InputError, nearest

if TYPE_CHECKING:
    from foodviz.data.split import Split


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


def class_names_for(labels: Iterable[int]) -> tuple[str, ...]:
    """Food-11's names where the numbers fit them, else `class 0`, `class 1`, …"""
    classes = max(labels, default=-1) + 1
    return FOOD11 if classes <= len(FOOD11) else tuple(f"class {index}" for index in range(classes))


def match_classes(split: Split, of_model: Sequence[str]) -> tuple[tuple[int, ...], list[str]]:
    """For each class of the data its index among the model's, -1 for one without pictures that the model lacks.

    Names decide where every class that has pictures is one of the model's, whatever the order and with small
    differences in spelling. Numbers decide where the data or the model has nothing else.

    Returns:
        The indices, and what is to be said of them.

    Raises:
        InputError: a class of the data is not certainly one of the model's.
    """
    names = split.class_names
    used = sorted({label for label in split.labels if label >= 0})
    plain = {_plain(name): index for index, name in enumerate(of_model)}
    by_name = {label: plain[_plain(names[label])] for label in used if _plain(names[label]) in plain}
    nameless = _nameless(of_model) and len(of_model) == len(names)
    if len(by_name) < len(used) and (split.numbered or nameless):
        return _by_number(split, used, of_model)
    remarks = []
    for label in used:
        if label not in by_name:
            by_name[label] = _near(names[label], plain)
            remarks.append(
                f"class {names[label]!r} of the data is taken to be the model's {of_model[by_name[label]]!r}"
            )
    if len(set(by_name.values())) < len(used):
        twice = next(index for index in by_name.values() if list(by_name.values()).count(index) > 1)
        both = [repr(names[label]) for label in used if by_name[label] == twice]
        raise InputError(f"the classes {' and '.join(both)} of the data are one to the model, {of_model[twice]!r}")
    if any(label != index for label, index in by_name.items()):
        remarks.append("classes of the data and of the model stand in another order: matched by name")
    rest = {label: plain.get(_plain(names[label]), -1) for label in range(len(names)) if label not in by_name}
    return tuple((by_name | rest)[label] for label in range(len(names))), remarks


def _by_number(split: Split, used: list[int], of_model: Sequence[str]) -> tuple[tuple[int, ...], list[str]]:
    if used[-1] >= len(of_model):
        raise InputError(
            f"the data has the class {split.class_names[used[-1]]!r} (number {used[-1]}), "
            f"the model only {len(of_model)} classes, 0 to {len(of_model) - 1}"
        )
    order = tuple(label if label < len(of_model) else -1 for label in range(len(split.class_names)))
    return order, [f"classes matched by number: 0 is {of_model[0]!r}, {used[-1]} is {of_model[used[-1]]!r}"]


def _near(name: str, plain: dict[str, int]) -> int:
    """The one class of the model that is spelled nearly so."""
    close = get_close_matches(_plain(name), plain, n=2, cutoff=0.85)
    if len(close) != 1:
        raise InputError(f"the model has no class {name!r} of the data; {nearest(name, plain)}")
    return plain[close[0]]


def _nameless(names: Sequence[str]) -> bool:
    return all(name == f"class {index}" for index, name in enumerate(names))


def find_class(asked: str, class_names: Sequence[str], parameter: str = "target") -> int:
    """The class that a name, its beginning or its number means.

    Raises:
        InputError: no such class, or several begin so.
    """
    if asked.isdecimal():
        if int(asked) < len(class_names):
            return int(asked)
        raise InputError(f"`{parameter}` {asked}: the classes are numbered 0 to {len(class_names) - 1}")
    plain = [_plain(name) for name in class_names]
    if _plain(asked) in plain:
        return plain.index(_plain(asked))
    begun = [index for index, name in enumerate(plain) if _plain(asked) and name.startswith(_plain(asked))]
    if len(begun) == 1:
        return begun[0]
    raise InputError(f"`{parameter}` {asked}: no such class; {nearest(asked, class_names)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
