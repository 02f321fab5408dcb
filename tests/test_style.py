"""What all figures share."""

from foodviz.render.style import new_figure, titled, wrapped


def test_notes_stay_inside_the_figure():
    figure = new_figure(5, 3)
    titled(figure, "a title", ["", "short", "a note of many words " * 20])
    figure.draw_without_rendering()
    foot = figure._supxlabel.get_window_extent()
    assert 0 <= foot.x0 < foot.x1 <= figure.bbox.width
    assert figure._supxlabel.get_text().startswith("short\na note")


def test_a_word_is_never_broken():
    assert wrapped(["x" * 500], 2) == ["x" * 500]
