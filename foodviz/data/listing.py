"""The pictures of a folder and their classes: by the number before `_` in their names, or by the folder they are in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foodviz.data.class_names import FOOD11, class_names_for, class_number, is_food11, plain_names
from foodviz.data.files import Entries, entries_below, entries_of, unread_remark
from foodviz.printable import printable

FEWEST_OF_MANY = 1000  # a class of a higher number is one among many, or the number is something else
_DATE = re.compile(r"(19|20)\d\d_\d\d?_\d\d?(?!\d)|\d\d?_\d\d?_(19|20)\d\d(?!\d)")


@dataclass(frozen=True)
class Listing:
    """Pictures in lexicographic order, as `Split` has them."""

    names: tuple[str, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]
    numbered: bool = False
    remarks: tuple[str, ...] = ()

    def remarked(self, *remarks: str) -> "Listing":
        """The same with more remarks."""
        return replace(self, remarks=(*self.remarks, *remarks))


def list_pictures(folder: Path, training: Path | None = None) -> Listing:
    """What is in a split's folder.

    Pictures beside folders of pictures are the split where their names say the classes, else the folders are.

    Args:
        training: the folder of the training split, where it is another: which classes there are is what it says.

    Raises:
        InputError: a folder in it cannot be listed; its pictures would be missing from the ids.
    """
    entries = entries_of(folder)
    if not entries.folders:
        return _flat(entries)
    classes, remarks = _class_folders(folder, entries)
    flat = _flat(entries)
    filled = [name for name, each in classes.items() if each.pictures]
    if entries.pictures and (max(flat.labels) >= 0 or not filled):
        if filled:
            remarks = [
                f"{printable(folder)} holds pictures and folders of pictures: the folders are not read ({len(filled)}, "
                f"first {printable(filled[0])})"
            ]
            return flat.remarked(*remarks)
        return flat
    if entries.pictures:
        count = len(entries.pictures)
        remarks.append(
            f"{count} pictures beside the class folders are left out, first {printable(entries.pictures[0])}"
        )
    unread = [*entries.unread, *(name for each in classes.values() for name in each.unread)]
    return _by_class(folder, classes, training).remarked(*remarks, *unread_remark(unread))


def _flat(entries: Entries) -> Listing:
    """Pictures beside one another, their class before the first `_`."""
    names = entries.pictures
    prefixes = [name.partition("_")[0] if "_" in name else "" for name in names]
    labels = [
        -1 if number is None or _DATE.match(name) else number
        for name, number in zip(names, map(class_number, prefixes), strict=True)
    ]
    kinds = {label for label in labels if label >= 0}
    if kinds and max(kinds) >= max(FEWEST_OF_MANY, 10 * len(kinds)):  # numbers of classes follow one another
        labels = [-1] * len(labels)
    odd = [name for name, prefix, label in zip(names, prefixes, labels, strict=True) if label < 0 and _digits(prefix)]
    remarks = unread_remark(entries.unread)
    if odd:
        remarks.append(
            f"{len(odd)} of {len(names)} pictures are taken as unlabelled: the number in {printable(odd[0])} is a "
            "date, a time or too large for a class"
        )
    return Listing(tuple(names), tuple(labels), class_names_for(labels), numbered=True, remarks=tuple(remarks))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _class_folders(folder: Path, entries: Entries) -> tuple[dict[str, Entries], list[str]]:
    """What is in each class's folder; one that holds files and no picture is no class, and that is said."""
    inside = {name: entries_below(folder / name) for name in entries.folders}
    none = [name for name, each in inside.items() if each.others and not each.pictures and not each.unread]
    some = any(each.pictures for each in inside.values())
    remarks = [f"no picture is in {', '.join(map(printable, none[:5]))}: taken for no class"] if none and some else []
    return {name: each for name, each in inside.items() if name not in none}, remarks


def _by_class(folder: Path, classes: dict[str, Entries], training: Path | None) -> Listing:
    """A folder per class; a folder that the training split has not is of no class."""
    known = list(classes)
    if training is not None:
        of_training = list(_class_folders(training, entries_of(training))[0])
        if of_training:
            known = of_training
    names = [f"{name}/{file}" for name, inside in classes.items() for file in inside.pictures]
    return classed(names, [name.partition("/")[0] for name in names], known, is_food11("/".join(folder.parts[-3:])))


def classed(names: Sequence[str], classes: Sequence[str], known: Sequence[str], food11: bool) -> Listing:
    """Pictures with the class of each by its name.

    Args:
        names: of the pictures.
        classes: one for each picture, empty where nothing says it.
        known: which classes there are; any other is none, and that is said.
        food11: they are known to be Food-11's.
    """
    there = set(known)
    others = [name for name in classes if name and name not in there]
    unknown, remarks = list(dict.fromkeys(others)), []
    if unknown:
        remarks = [
            f"{len(others)} pictures are taken as unlabelled: {', '.join(map(printable, unknown[:5]))} "
            f"{'is no class' if len(unknown) == 1 else 'are no classes'} of the training split"
        ]
    of_known, class_names, numbered = _number(known, food11)
    label_of = dict(zip(known, of_known, strict=True))
    labels = [label_of.get(name, -1) for name in classes]
    return Listing(tuple(names), tuple(labels), class_names, numbered, tuple(remarks))


def _number(classes: Sequence[str], food11: bool) -> tuple[list[int], tuple[str, ...], bool]:
    """The class index of each class folder, the names of the classes, and whether they are numbers only.

    Numbers are Food-11's classes where they are written as the course writes them, `00` to `10`, or where the path says
    so; else each folder keeps its name, and its place among them is its index, as torchvision's ImageFolder has it.
    """
    numbers = [number for number in map(class_number, classes) if number is not None]
    numbered = bool(classes) and len(set(numbers)) == len(classes)
    if numbered and max(numbers) < len(FOOD11) and (food11 or all(len(name) == 2 for name in classes)):
        return numbers, FOOD11, True
    plain = plain_names(FOOD11)
    indices = [plain[name] for name in plain_names(classes) if name in plain]
    if len(indices) == len(classes) == len(FOOD11):
        return indices, FOOD11, False
    return list(range(len(classes))), tuple(classes), numbered
