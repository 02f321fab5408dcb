"""Class names that a stranger's file declares, made fit for captions, tables and terminals."""

import unicodedata

MOST = 100  # characters of a class name
# Marks that turn the direction of writing; the other invisible characters join emoji and letters, and stay.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = {ord(blank): " " for blank in "\t\n\v\f\r\x85\u2028\u2029"}


def clean(name: str) -> str:
    """The name without control characters, every run of white space one space, cut at MOST characters; maybe empty.

    Surrogates and marks that turn the direction of writing are controls, too. A clean name stays as it is.
    """
    letters = (letter for letter in name[: 100 * MOST].translate(_BLANKS) if not _is_control(letter))
    words = " ".join("".join(letters).split())
    return words if len(words) <= MOST else words[: MOST - 1].rstrip() + "…"


def _is_control(letter: str) -> bool:
    return letter in _DIRECTION or unicodedata.category(letter) in ("Cc", "Cs")
