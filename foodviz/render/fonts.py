"""Letters that the usual font has not: another font on the machine that has them, or their numbers."""

from collections.abc import Iterable
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

# Families with Chinese, Japanese and Korean letters, as systems carry them; looked at before all others.
_FIRST = (
    "Noto Sans CJK",
    "Source Han Sans",
    "WenQuanYi",
    "PingFang",
    "Hiragino",
    "Microsoft YaHei",
    "SimHei",
    "Yu Gothic",
)
# Fonts of boxes, of pictures in colour that matplotlib does not draw, and of symbols in place of letters.
_NEVER = ("Last Resort", "LastResort", "Emoji", "Wingdings", "Webdings")
INSTALL = "a font with them, such as fonts-noto-cjk (Noto Sans CJK), lets them appear"


def families_for(letters: Iterable[str]) -> tuple[list[str], set[str]]:
    """Font families that have the letters between them, the usual one first, and the letters that none has."""
    usual = _letters_of(findfont(FontProperties()))
    missing = {letter for letter in letters if ord(letter) not in usual}
    families = ["sans-serif"]
    for name, path in _others() if missing else ():
        has = {letter for letter in missing if ord(letter) in _letters_of(path)}
        if has:
            families.append(name)
            missing -= has
        if not missing:
            break
    return families, missing


def numbered(text: str, missing: set[str]) -> str:
    """The text, missing letters as their numbers in Unicode."""
    return "".join(f"\\u{ord(sign):04x}" if sign in missing else sign for sign in text)


@cache
def _letters_of(path: str) -> frozenset[int]:
    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that is broken or gone
        return frozenset()


@cache
def _others() -> tuple[tuple[str, str], ...]:
    """Name and file of every other font, those of the families looked at first in front."""
    fonts = {each.name: each.fname for each in fontManager.ttflist if not any(word in each.name for word in _NEVER)}

    def rank(name: str) -> tuple[int, str]:
        return next((place for place, first in enumerate(_FIRST) if name.startswith(first)), len(_FIRST)), name

    return tuple((name, fonts[name]) for name in sorted(fonts, key=rank))
