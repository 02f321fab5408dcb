"""Names of files and classes for a person's eye: they come from strangers, and a terminal obeys what it is shown."""

import unicodedata

MOST = 160  # characters of a name that are shown
LINE, REMARK = 400, 4000  # characters of an error, and of a line that may hold an architecture as a text to be copied
_JOINERS = "\u200c\u200d"  # invisible, but scripts and emoji are spelled with them


def printable(name: object, most: int = MOST) -> str:
    """A name with whatever a terminal would act on or cannot show as visible escapes, and its middle left out if long.

    Control characters, line ends, direction marks and bytes that were no text become `\\x1b`, `\\n`, `\\u202e`,
    `\\udcff`; everything else stays. The result is to be looked at: the raw name opens the file.

    Args:
        name: any text, a path too.
        most: characters it may have.
    """
    shown = str(name)
    if len(shown) > 4 * most:  # the middle goes anyway, and escaping a stranger's megabytes takes long
        shown = shown[: 2 * most] + shown[-2 * most :]
    shown = escaped(shown)
    if len(shown) <= most:
        return shown
    return f"{shown[: most // 2]}…{shown[len(shown) - (most - 1 - most // 2) :]}"


def escaped(text: str) -> str:
    """The text with whatever acts on a screen as visible escapes, at full length."""
    if text.isprintable():
        return text
    return "".join(_escape(sign) if _acts(sign) else sign for sign in text)


def _acts(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in _JOINERS


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
