"""Labels from a table beside the pictures: a CSV of which one column names pictures and another one their classes."""

import csv
import io
import os
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from foodviz.data.class_names import FOOD11, MOST_CLASSES, class_number, is_food11
from foodviz.data.files import entries_of, read_file, reason
from foodviz.data.listing import FEWEST_OF_MANY, Listing, classed, list_pictures
from foodviz.errors import InputError
from foodviz.printable import printable

MOST_BYTES = 16 << 20  # of a table
MOST_ROWS = 200_000
_COLUMNS = 64  # of a row that are looked at
_LONGEST = 100  # letters of a class's name; more are a sentence
_CALLED = re.compile(r"(class|label|category|target)([ _-]?(name|id|index))?|labels|classes|y")
_FRACTION = re.compile(r"-?\d*\.\d+(e-?\d+)?")


@dataclass(frozen=True)
class _Column:
    """A column of a table: what it is called, and a cell for each row."""

    name: str
    cells: tuple[str, ...]


def with_labels(listing: Listing, folder: Path, within: Path, training: Path | None = None) -> Listing:
    """Pictures that nothing else labels, with the labels of the table beside them; a doubtful one is not read but said.

    Args:
        listing: of the folder; one with labels is given back.
        folder: of the pictures, where the table is looked for, and then in the folder around it.
        within: the data set's folder, of which nothing outside is looked at.
        training: the folder of the training split, where it is another: which classes there are is what it says.

    Raises:
        InputError: the training split cannot be listed.
    """
    if not listing.names or max(listing.labels) >= 0:
        return listing
    known: Sequence[str] = ()
    try:
        path = _table_beside(folder, within)
        if path is None:
            return listing
        classes, remark = _classes(path, listing.names, folder)
    except InputError as error:
        return listing.remarked(f"no labels are read: {error}")
    food11 = is_food11("/".join(path.parts[-3:]))
    if all(class_number(name) is not None for name in classes if name):
        labels = [int(name) if name else -1 for name in classes]
        count = max(labels) + 1
        names = FOOD11 if food11 and count <= len(FOOD11) else tuple(map(str, range(count)))
        return Listing(listing.names, tuple(labels), names, numbered=True, remarks=(*listing.remarks, remark))
    if training is not None:
        of_training = with_labels(list_pictures(training), training, within)
        known = of_training.class_names if max(of_training.labels, default=-1) >= 0 else ()
    labelled = classed(listing.names, classes, known or sorted(set(classes) - {""}), food11)
    return replace(labelled, remarks=(*listing.remarks, remark, *labelled.remarks))


def _table_beside(folder: Path, within: Path) -> Path | None:
    """The table of a folder's pictures: in it, or around it; there the one of the folder's name goes before.

    Raises:
        InputError: there are several, or the folder cannot be listed.
    """
    for place in (folder,) if folder == within else (folder, folder.parent):
        try:
            with os.scandir(place) as entries:
                names = sorted(each.name for each in entries if each.name.lower().endswith(".csv") and each.is_file())
        except OSError as error:
            raise InputError(f"{printable(place)}: {reason(error)}") from None
        if place != folder:  # train.csv says nothing of what is in val
            others = {name.lower() for name in entries_of(place).folders} - {folder.name.lower()}
            names = [name for name in names if name.lower().removesuffix(".csv") not in others]
        names = [name for name in names if not name.startswith(".")]
        for own in (f"{folder.name.lower()}.csv", "labels.csv"):
            names = [name for name in names if name.lower() == own] or names
        if len(names) > 1:
            several = f"{printable(names[0])}, {printable(names[1])}"
            raise InputError(
                f"{len(names)} tables are in {printable(place)} ({several}); call the right one labels.csv"
            )
        if names:
            return place / names[0]
    return None


def _classes(path: Path, names: Sequence[str], folder: Path) -> tuple[list[str], str]:
    """The class of each picture as the table writes it, empty where it has none; and a remark on how it was read.

    Raises:
        InputError: which column names the pictures or the classes cannot be told, or it is no table.
    """
    called = printable(path.name)
    ids = _ids_of(names)
    readings = [(*_pictures(columns, ids, folder.resolve().name), columns) for columns in _tables(path) if columns]
    score, place, pictures, columns = max(readings, key=lambda each: each[0], default=((0, 0), 0, [], []))
    if 2 * score[1] < len(names):
        raise InputError(f"{called}: no column names half of the {len(names)} pictures beside it")
    rows = [row for row, picture in enumerate(pictures) if picture >= 0]
    if path.parent != folder:
        _check_alone(path, folder, names, columns[place], rows)
    header = pictures[0] < 0
    of_rows = [_Column(each.cells[0] if header else "", tuple(each.cells[row] for row in rows)) for each in columns]
    chosen = _label_column(of_rows, place, called)
    classes = [""] * len(names)
    for row, cell in zip(rows, of_rows[chosen].cells, strict=True):
        picture = pictures[row]
        if classes[picture] and cell != classes[picture]:
            raise InputError(f"{called}: {printable(names[picture])} is in it with several classes")
        classes[picture] = cell
    said = [printable(of_rows[each].name) or f"column {each + 1}" for each in (place, chosen)]
    without = classes.count("")
    rest = f"; {without} of {len(names)} pictures have none there" if without else ""
    return classes, f"labels are those of {called}: pictures by {said[0]}, classes by {said[1]}{rest}"


def _tables(path: Path) -> list[list[_Column]]:
    """The columns of a table under each usual separator that fits its quotes.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        text = read_file(path, str(path), MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{printable(path.name)}: not written in UTF-8") from None
    tables = []
    for separator in ",;\t":
        try:
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            rows = [[cell.strip() for cell in row[:_COLUMNS]] for row in islice(lines, MOST_ROWS + 1) if row]
        except csv.Error:
            continue
        if len(rows) > MOST_ROWS:
            raise InputError(f"{printable(path.name)}: more than {MOST_ROWS:,} rows")
        width = len(rows[0]) if rows else 0
        tables.append([_Column("", tuple(row[k] if k < len(row) else "" for row in rows)) for k in range(width)])
    return tables


def _ids_of(names: Sequence[str]) -> dict[str, int]:
    """Names of pictures, and without their extension those that are one picture's only -> ids."""
    stems = [posixpath.splitext(name)[0] for name in names]
    count: dict[str, int] = {}
    for stem in stems:
        count[stem] = count.get(stem, 0) + 1
    ids = {stem: index for index, stem in enumerate(stems) if count[stem] == 1}
    return ids | {name: index for index, name in enumerate(names)}


def _pictures(columns: Sequence[_Column], ids: dict[str, int], folder: str) -> tuple[tuple[int, int], int, list[int]]:
    """The column that names most pictures: how many with their extension and in all, its place, and the id of each row.

    Raises:
        InputError: two columns name as many, but others.
    """
    found = []
    for place, column in enumerate(columns):
        below = [_below(cell, folder) for cell in column.cells]
        pictures = [ids.get(name, -1) for name in below]
        all_of = set(pictures) - {-1}
        written = {picture for name, picture in zip(below, pictures, strict=True) if posixpath.splitext(name)[1]}
        found.append(((len(written - {-1}), len(all_of)), place, pictures))
    best = max(found, key=lambda each: (each[0], -each[1]))
    if best[0] > (0, 0) and any(each[0] == best[0] and each[2] != best[2] for each in found):
        raise InputError("two columns of the table beside the pictures name pictures, and not the same")
    return best


def _below(cell: str, folder: str) -> str:
    """A path as it is below the folder of the pictures, whatever leads there."""
    path = "/" + cell.replace("\\", "/").removeprefix("./")
    return path.rpartition(f"/{folder}/")[2].removeprefix("/")


def _check_alone(path: Path, folder: Path, names: Sequence[str], column: _Column, rows: Sequence[int]) -> None:
    """Look whether names without a folder can mean pictures of the folders beside this one, too.

    Raises:
        InputError: they can.
    """
    bare = any("/" not in column.cells[row].replace("\\", "/").removeprefix("./") for row in rows)
    if not bare or path.stem.lower() == folder.name.lower():
        return
    for other in entries_of(path.parent).folders:
        if other != folder.name and set(names) & set(entries_of(path.parent / other).pictures):
            raise InputError(f"{printable(path.name)}: {printable(other)} has pictures of the same names")


def _label_column(columns: Sequence[_Column], pictures: int, called: str) -> int:
    """The place of the one column that says classes: by its name, else as the only one whose values repeat.

    Of several that say the same, the one in words.

    Raises:
        InputError: there is none, or which one cannot be told.
    """
    fitting = [
        place
        for place, column in enumerate(columns)
        if place != pictures and column.cells != columns[pictures].cells and _may_be_classes(column)
    ]
    named = [place for place in fitting if _CALLED.fullmatch(columns[place].name.lower())]
    repeated = [place for place in fitting if 2 * len(set(columns[place].cells)) <= len(columns[place].cells)]
    places = named or repeated
    alike = {len({*zip(columns[places[0]].cells, columns[place].cells, strict=True)}) for place in places}
    alike |= {len(set(columns[place].cells)) for place in places}
    if len(places) > 1 and len(alike) == 1:
        places = [place for place in places if not all(map(_is_number, columns[place].cells))] or places
    if len(places) == 1:
        return places[0]
    if not places:
        raise InputError(f"{called}: no column says classes; the one that does is to be called label")
    several = ", ".join(printable(columns[place].name) or f"column {place + 1}" for place in places[:4])
    raise InputError(f"{called}: which column says the classes cannot be told ({several}); call the right one label")


def _may_be_classes(column: _Column) -> bool:
    """Whether cells are several names, or numbers that follow one another as those of classes do."""
    kinds = set(column.cells) - {""}
    if not 2 <= len(kinds) <= MOST_CLASSES or max(map(len, kinds)) > _LONGEST:
        return False
    if all(_FRACTION.fullmatch(cell) for cell in kinds):
        return False
    if not all(map(_is_number, kinds)):
        return True
    numbers = [class_number(cell) for cell in kinds]
    return all(each is not None and each < max(FEWEST_OF_MANY, 10 * len(kinds)) for each in numbers)


def _is_number(cell: str) -> bool:
    return cell.lstrip("-").isdecimal()
