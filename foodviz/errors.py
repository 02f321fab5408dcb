"""What the user can mend, said in one line."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(Exception):
    """Something the user gave cannot be used; the message is one line naming it and what would be right.

    The command line prints it to stderr and leaves with exit code 1.
    """


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
