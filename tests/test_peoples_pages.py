"""Many pictures become pages of a bearable width."""

from hues import hue_net, picture
from PIL import Image


def test_more_maps_than_a_figure_holds_are_pages(foodviz, tmp_path):
    for index in range(9):
        picture(tmp_path / "data" / f"{index}.png", index % 3)
    flags = ("--image", "data", *hue_net(tmp_path, range(3)), "--trust", "none", "--dpi", "40")
    result = foodviz("saliency", *flags)
    assert result.exit_code == 0, result.stderr
    pages = sorted(path.name for path in (tmp_path / "results").glob("*.png"))
    assert pages == ["saliency-page-2.png", "saliency.png"]
    with Image.open(tmp_path / "results" / "saliency.png") as first:
        assert first.width < 1000
