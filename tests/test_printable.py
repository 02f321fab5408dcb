"""What strangers call their files and classes does nothing to a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodviz.data import printable

ANYTHING = st.text(st.characters(codec=None), max_size=400)  # surrogates, too


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("0_15.jpg", "0_15.jpg"),
        ("Noodles/Pasta $x^2$ 面包 🍜 👩‍🍳 é", "Noodles/Pasta $x^2$ 面包 🍜 👩‍🍳 é"),
        ("\x1b[31mred\n", "\\x1b[31mred\\n"),
        ("caf\udce9.jpg", "caf\\udce9.jpg"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a\u2028b\x7f", "a\\u2028b\\x7f"),
        ("", ""),
    ],
)
def test_what_acts_becomes_visible_and_the_rest_stays(name, shown):
    assert printable(name) == shown


@given(ANYTHING, st.integers(3, 200))
def test_any_name_is_one_short_line_that_every_terminal_takes(name, most):
    shown = printable(name, most)
    assert len(shown) <= most
    assert shown.encode().decode().splitlines() in ([shown], [])
    assert not {unicodedata.category(sign) for sign in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(shown, most) == shown


def test_a_long_name_keeps_both_ends():
    shown = printable("0_" + "n" * 5000 + ".jpg")
    assert len(shown) == 160
    assert shown.startswith("0_nn")
    assert shown.endswith("nn.jpg")
