"""What the user can mend, said in one line."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# What PyTorch says on a processor and on a GPU.
_OUT_OF_MEMORY = re.compile("can't allocate memory|not enough memory|out of memory")


class InputError(Exception):
    """Something the user gave cannot be used; the message is one line naming it and what would be right.

    A parameter stands in backticks, and nothing else does: "`ids` 99999: training has the ids 0 to 9865". The command
    line spells it as its flag, prints the line to stderr and leaves with exit code 1.
    """


class UsageError(InputError):
    """Arguments that cannot be together; the command line leaves with exit code 2."""


def require(fine: bool, parameter: str, value: object, wanted: str) -> None:
    """Raise InputError where an argument is not `fine`; `wanted` says in words what would be."""
    if not fine:
        raise InputError(f"`{parameter}` {value}: {wanted}")


def nearest(wrong: str, right: Iterable[str], *, most: int = 12) -> str:
    """The end of an error line: the names closest to `wrong`, or all of them where none is close.

    Args:
        wrong: what the user typed.
        right: the names that would have been accepted.
        most: how many names to list when nothing is close.
    """
    names = list(dict.fromkeys(right))
    by_lower = {name.lower(): name for name in names}
    close = [by_lower[match] for match in get_close_matches(wrong.lower(), by_lower, n=3, cutoff=0.5)]
    if close:
        return f"did you mean {' or '.join(repr(name) for name in close)}?"
    listed = ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")
    return f"there are: {listed}" if names else "there is none"


def out_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory, of the machine or of a GPU."""
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(str(error)))
