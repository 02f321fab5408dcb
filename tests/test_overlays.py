"""Maps as files of their own: each pixel of a map where its pixel of the picture is, whatever was cut off or added."""

import numpy as np
import pytest
from PIL import Image

from foodviz.data.pictures import in_own_frame, pixels
from foodviz.errors import InputError
from foodviz.render.overlay import laid_over, overlay

FITS = ("squash", "crop", "pad")


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("own", [(90, 60), (40, 130), (64, 64), (200, 31)])
def test_what_was_shown_lies_where_it_was(own, fit):
    """A picture whose value is its place: brought to the model's size and back it is itself."""
    ramp = np.linspace(0, 250, own[0])[:, None] * np.ones(own[1])
    shown = pixels(Image.fromarray(ramp.astype(np.uint8)), (48, 48), fit=fit)
    back = in_own_frame(shown, own, fit)
    assert back.shape == own
    inside = ~np.isnan(back)
    assert (fit == "crop") == (not inside.all())
    rows = slice(own[0] // 8, -own[0] // 8 or None)  # antialiasing blurs the borders
    off = np.abs(back - ramp)[rows][inside[rows]]
    assert off.mean() < 6


def test_an_overlay_is_transparent_where_the_map_is_nothing():
    values = np.array([[0.0, 0.5], [1.0, np.nan]])
    laid = overlay(values, (0.0, 1.0), None, 0.6)
    assert laid.shape == (2, 2, 4)
    assert laid.dtype == np.uint8
    assert laid[..., 3].tolist() == [[0, round(0.9 * 0.6 * 255)], [round(0.6 * 255), 0]]
    assert laid[1, 0, :3].tolist() != overlay(values, (0.0, 1.0), "viridis", 0.6)[1, 0, :3].tolist()
    picture = np.random.default_rng(0).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    over = laid_over(picture, laid)
    assert over[0, 0].tolist() == picture[0, 0].tolist()
    assert over[1, 1].tolist() == picture[1, 1].tolist()


def test_signs_have_different_colours_and_the_same_strength():
    laid = overlay(np.array([[-1.0, 1.0]]), (-1.0, 1.0), None, 1.0)[0]
    assert laid[0, 2] > laid[0, 0]  # blue against
    assert laid[1, 0] > laid[1, 2]  # red for
    assert laid[0, 3] == laid[1, 3] == 255
    coloured = overlay(np.stack([np.ones((1, 1)), np.zeros((1, 1)), np.zeros((1, 1))]), (0.0, 1.0), None, 1.0)
    assert coloured[0, 0].tolist() == [255, 0, 0, 255]


def test_each_map_has_two_files_of_its_pictures_own_size(foodviz, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)).save(tmp_path / "a b.png")
    flags = ("--image", "a b.png", "--method", "gradient", "gradcam", "--trust", "none", "--fit", "crop")
    result = foodviz("saliency", *flags, "--overlays", "--colours", "viridis", "--strength", "0.5", "--dpi", "40")
    assert result.exit_code == 0, result.stderr
    files = sorted((tmp_path / "results" / "overlays").iterdir())
    assert len(files) == 4
    assert files[0].name.startswith("0-a_b-gradcam-")
    for file, mode in zip(files, ("RGB", "RGBA") * 2, strict=True):
        with Image.open(file) as image:
            assert (image.size, image.mode) == ((70, 40), mode)


def test_figures_are_written_in_the_formats_asked_for_and_the_same_again(foodviz, tmp_path):
    flags = ("saliency", "--ids", "57", "--trust", "none", "--format", "svg", "pdf", "--dpi", "40")
    first, again = ([foodviz(*flags), *[(tmp_path / "results" / f"saliency.{kind}").read_bytes() for kind in
                    ("svg", "pdf")]] for _ in range(2))  # fmt: skip
    assert first[0].exit_code == 0, first[0].stderr
    assert first[1:] == again[1:]
    assert first[1].startswith(b"<?xml")
    assert first[2].startswith(b"%PDF")
    assert not (tmp_path / "results" / "saliency.png").exists()


def test_what_is_no_colour_map_or_strength_is_refused(foodviz):
    assert "`colours`" not in foodviz("saliency", "--ids", "57", "--colours", "viridi").stderr
    assert "--colours viridi: matplotlib has no such colour map; " in foodviz("saliency", "--colours", "viridi").stderr
    assert foodviz("saliency", "--strength", "0").exit_code == 2
    from foodviz.analysis.overlays import check

    with pytest.raises(InputError, match="`strength` 2"):
        check(None, 2)
