"""Which class of the model each class of the data is, and the class a user means."""

from collections.abc import Sequence

from foodviz.errors import InputError, nearest


def match_classes(of_data: Sequence[str], of_model: Sequence[str]) -> tuple[int, ...]:
    """For each class of the data its index among the model's.

    Names decide where every name of the data is one of the model's, whatever the order; numbers decide where the data
    has only numbers for names.

    Raises:
        InputError: the model does not know a class of the data.
    """
    plain = {_plain(name): index for index, name in enumerate(of_model)}
    if all(_plain(name) in plain for name in of_data):
        return tuple(plain[_plain(name)] for name in of_data)
    if len(of_data) > len(of_model):
        raise InputError(f"the data has {len(of_data)} classes, the model only {len(of_model)}")
    nameless = [
        all(name == f"class {index}" for index, name in enumerate(names)) for names in (of_data, of_model)
    ]
    if any(nameless):
        return tuple(range(len(of_data)))
    unknown = next(name for name in of_data if _plain(name) not in plain)
    raise InputError(f"the model has no class {unknown!r} of the data; {nearest(unknown, of_model)}")


def find_class(asked: str, class_names: Sequence[str], flag: str = "--target") -> int:
    """The class that a name, its beginning or its number means.

    Raises:
        InputError: no such class, or several begin so.
    """
    if asked.isdecimal():
        if int(asked) < len(class_names):
            return int(asked)
        raise InputError(f"{flag} {asked}: the classes are numbered 0 to {len(class_names) - 1}")
    plain = [_plain(name) for name in class_names]
    if _plain(asked) in plain:
        return plain.index(_plain(asked))
    begun = [index for index, name in enumerate(plain) if _plain(asked) and name.startswith(_plain(asked))]
    if len(begun) == 1:
        return begun[0]
    raise InputError(f"{flag} {asked}: no such class; {nearest(asked, class_names)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
