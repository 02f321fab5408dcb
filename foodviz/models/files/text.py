"""Text out of a stranger's file, made fit for one line of a terminal."""

import unicodedata

MOST = 100  # characters of a name that are shown
_CUT = 10_000  # of a text that is looked at; beyond, the rest cannot matter
# Marks that turn the direction of writing; the other invisible characters join emoji and letters, and stay.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: object, most: int = MOST) -> str:
    """The text without control characters, every run of white space one space, cut at `most` characters.

    Surrogates, line separators and marks that turn the direction of writing are controls, too.
    """
    raw = text[:_CUT] if isinstance(text, str | bytes) else text
    letters = (letter for letter in str(raw).translate(_BLANKS) if not _is_control(letter))
    clean = " ".join("".join(letters).split())
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


_BLANKS = {ord(blank): " " for blank in "\t\n\v\f\r\x85\u2028\u2029"}


def _is_control(letter: str) -> bool:
    return letter in _DIRECTION or unicodedata.category(letter) in ("Cc", "Cs")
