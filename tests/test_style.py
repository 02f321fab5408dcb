"""What all figures share."""

import io

from foodviz.render.style import new_figure, titled, wrapped


def test_notes_stay_inside_the_figure():
    figure = new_figure(5, 3)
    titled(figure, "a title", ["", "short", "a note of many words " * 20])
    figure.draw_without_rendering()
    foot = figure._supxlabel.get_window_extent()
    assert 0 <= foot.x0 < foot.x1 <= figure.bbox.width
    assert figure._supxlabel.get_text().startswith("short\na note")


def test_a_title_stays_inside_the_figure():
    figure = new_figure(4, 3)
    titled(figure, "Bread taken for Soup: where the two logits depend on the picture")
    figure.draw_without_rendering()
    title = figure._suptitle.get_window_extent()
    assert 0 <= title.x0 < title.x1 <= figure.bbox.width


def test_a_word_is_never_broken():
    assert wrapped(["x" * 500], 2) == ["x" * 500]


def test_letters_without_a_font_are_numbers_and_named(monkeypatch, recwarn):
    from foodviz.render import fonts

    monkeypatch.setattr(fonts, "_others", tuple)  # a machine with matplotlib's own font alone
    figure = new_figure(3, 2)
    text = figure.text(0.1, 0.5, "苹果 é")
    figure.savefig(io.BytesIO(), format="png")
    assert text.get_text() == "\\u82f9\\u679c é"
    assert figure.remarks == [f"no font here has the letters 果苹: pictures show their numbers; {fonts.INSTALL}"]
    assert not recwarn.list


def test_letters_are_drawn_in_a_font_that_has_them(monkeypatch):
    from foodviz.render import fonts

    own = fonts.findfont(fonts.FontProperties())
    monkeypatch.setattr(fonts, "_others", lambda: (("Other", "other.ttf"),))
    real = fonts._letters_of
    monkeypatch.setattr(fonts, "_letters_of", lambda path: real(path) if path == own else frozenset({0x82F9}))
    assert fonts.families_for("a苹") == (["sans-serif", "Other"], set())
