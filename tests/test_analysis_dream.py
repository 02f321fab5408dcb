"""The dream as a function, as a notebook calls it."""

import inspect
import re
import sys

import numpy as np
import pytest
from PIL import Image

from foodviz import analysis, homework
from foodviz.analysis.dream.ascent import DreamAscent
from foodviz.analysis.dream.photograph import PIXELS, photograph_at
from foodviz.analysis.dream.settings import DreamSettings
from foodviz.errors import InputError, UsageError

NAMES = {name for name, each in inspect.signature(analysis.dream).parameters.items() if each.kind is each.KEYWORD_ONLY}
DEFAULTS = {name: inspect.signature(analysis.dream).parameters[name].default for name in NAMES}


@pytest.fixture
def remarks():
    return []


@pytest.fixture
def subject(tiny_net, tmp_path, monkeypatch, remarks):
    """The sample's pictures and a tiny net for 32x32 of them."""
    monkeypatch.chdir(tmp_path)
    tiny_net(32)
    return analysis.open_subject(model="net.pth", arch="net.py:Net", input_size=32, rated=False, say=remarks.append)


def test_a_notebook_gets_pictures_values_sentences_and_a_figure(subject, tmp_path):
    result = analysis.dream(subject, layer="4", filters=[2], steps=4, every=2, animate="gif")
    assert result.settings["steps"] == 4
    assert result.settings["filters"] == [2]
    assert "state" not in result.settings
    assert f"{homework.DREAM_PICTURE}.jpg" in result.lines[0]
    assert [frame["step"] for frame in result.facts["frames"]] == [0, 2, 4]
    assert result.sentences[0].startswith("Filter 2 of layer 4")
    assert list(result.figures()) == [""]
    frames = result.views()["frames"]
    assert [frame["step"] for frame in frames] == [0, 2, 4]
    assert all(frame["uri"].startswith("data:image/webp") for frame in frames)
    assert not any(tmp_path.glob("*.npz"))  # without `state` nothing is kept
    folder = result.save("out", command_line="foodviz dream")
    names = [path.relative_to("out").as_posix() for path in folder.paths]
    frames = [f"dream-frames/step-000{step}.png" for step in (0, 2, 4)]
    assert names == [*frames, "dream-final.png", "dream.gif", "dream.png", "dream.npz", "dream.json"]
    with Image.open("out/dream-final.png") as final:
        assert final.info["Description"] == "foodviz dream"


def test_captions_are_the_untouched_models_answer(subject):
    result = analysis.dream(subject, layer="4", filters=[2], steps=1, every=1)
    picture, first = result.facts["pictures"][0], result.facts["frames"][0]
    assert first["predicted"] == picture["predicted"]
    assert first["probability"] == pytest.approx(picture["probability"], rel=1e-4)


def test_a_dream_goes_on_from_its_state(subject, tmp_path):
    same = {"layer": "4", "filters": [2], "every": 2}
    whole = analysis.dream(subject, **same, steps=6)
    analysis.dream(subject, tmp_path / "state.npz", **same, steps=4)
    rest = analysis.dream(subject, tmp_path / "state.npz", **same, steps=6, resume=True)
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(rest.arrays[name], values)
    with pytest.raises(UsageError, match="give `state`"):
        analysis.dream(subject, **same, resume=True)


@pytest.mark.parametrize("change", ["canvas", "curve", "frames", "steps", "compressed", "words"])
def test_a_forged_state_is_one_line(subject, tmp_path, change):
    same = {"layer": "4", "filters": [2], "every": 2, "steps": 4}
    path = tmp_path / "state.npz"
    analysis.dream(subject, path, **same)
    with np.load(path) as saved:
        content = dict(saved)
    if change == "words":
        content["settings"] = np.array("[1]")
    elif change != "compressed":
        content[change] = content[change][..., :-1]
    with path.open("wb") as stream:
        (np.savez_compressed if change == "compressed" else np.savez)(stream, **content)
    with pytest.raises(InputError, match="damaged or was not written"):
        analysis.dream(subject, path, **same, resume=True)


@pytest.mark.parametrize(
    ("arguments", "kind", "line"),
    [
        ({"lr": float("nan")}, InputError, "`lr` nan"),
        ({"lr": 1e38}, InputError, "`lr` 1e\\+38: must be above 0 and at most 1,000,000"),
        ({"lr": 0.0}, InputError, "`lr` 0.0"),
        ({"weight_decay": float("inf")}, InputError, "`weight_decay` inf"),
        ({"weights": [float("nan")]}, InputError, "`weights` nan"),
        ({"octave_scale": float("nan")}, InputError, "`octave_scale` nan"),
        ({"steps": 10**12}, InputError, "`steps` 1000000000000: must be 1 to 100,000"),
        ({"steps": 0}, InputError, "`steps` 0"),
        ({"every": 0}, InputError, "`every` 0"),
        ({"size": 9000}, InputError, "`size` 9000: must be 32 to 8192 pixels"),
        ({"octaves": 0}, InputError, "`octaves` 0"),
        ({"recipe": "octaves", "zoom": 10**9}, InputError, "`zoom` 1000000000: must be 1 to 1,000 frames"),
        ({"recipe": "best"}, InputError, "`recipe` best: there are plain, octaves"),
        ({"animate": "png"}, InputError, "`animate` png: there are gif, webp, mp4"),
        ({"filters": ["two"]}, InputError, "`filters` two"),
        ({"filters": ["9" * 5000]}, InputError, "`filters` 9{40}: give"),
        ({"ids": [1, 2]}, InputError, "one picture at a time"),
        ({"ids": [99999]}, InputError, "`ids` 99999"),
        ({"guide": "/dev/zero"}, InputError, "`guide` /dev/zero: not a regular file"),
        ({"image": ["/dev/zero"]}, InputError, "`image` /dev/zero"),
        ({"filters": [1], "class_name": "Egg"}, UsageError, "exclude each other"),
        ({"class_name": "Egg", "guide": "a.png"}, UsageError, "exclude each other"),
        ({"zoom": 3}, UsageError, "give `recipe` octaves"),
        ({"recipe": "octaves", "space": "model"}, UsageError, "belongs to `recipe` plain"),
    ],
)
def test_what_cannot_be_is_said_before_the_model_is_loaded(subject, monkeypatch, arguments, kind, line):
    monkeypatch.setattr(type(subject), "classifier", property(lambda _: pytest.fail("loaded")))
    with pytest.raises(kind, match=line):
        analysis.dream(subject, **arguments)


def own(**changed):
    return DreamSettings.of({**DEFAULTS, **changed})


class Opaque:
    """Photographs of one picture that nothing but its file is asked of."""

    def __init__(self, subject, path):
        self.subject = subject
        self.split, _ = subject.choose((), [str(path)])


def test_a_photograph_of_too_many_pixels_is_reduced_and_that_is_said(subject, tmp_path, remarks):
    Image.new("RGB", (9000, 2000), "red").save(tmp_path / "wide.png")
    photograph = photograph_at(Opaque(subject, tmp_path / "wide.png"), 0, own(recipe="octaves"), 32)
    height, width = photograph.shape[:2]
    assert 0.99 * PIXELS < height * width < 1.01 * PIXELS
    assert width / height == pytest.approx(4.5, rel=1e-3)
    assert "9000x2000 pixels, too many to dream at: reduced to" in remarks[-1]


def test_a_size_of_too_many_pixels_is_refused(subject, tmp_path):
    Image.new("RGB", (90, 60), "red").save(tmp_path / "small.png")
    photographs = Opaque(subject, tmp_path / "small.png")
    assert photograph_at(photographs, 0, own(recipe="octaves", size=300), 32).shape == (200, 300, 3)
    with pytest.raises(
        InputError, match=r"`size` 8000: 8000x5333 pixels are more than the 12\.5 million .* `size` 4330"
    ):
        photograph_at(photographs, 0, own(recipe="octaves", size=8000), 32)
    Image.new("RGB", (20000, 1), "red").save(tmp_path / "thread.png")
    with pytest.raises(InputError, match=r"thread\.png: 640000x32 pixels are more"):
        photograph_at(Opaque(subject, tmp_path / "thread.png"), 0, own(recipe="octaves"), 32)


def test_the_cost_of_a_long_dream_is_said_before_it_begins(subject, remarks, monkeypatch):
    monkeypatch.setattr(sys.modules[DreamAscent.__module__], "LONG", 10_000)
    at = {"layer": "4", "filters": [2], "recipe": "octaves", "octaves": 2, "steps": 2, "every": 1, "size": 64}
    seen = []
    original = DreamAscent.pixels
    monkeypatch.setattr(DreamAscent, "pixels", lambda *each: seen.append(list(remarks)) or original(*each))
    analysis.dream(subject, **at)
    (cost,) = [line for line in remarks if "pixels to climb" in line]
    # steps 1 at 46x46, 2 to 4 at 64x64; five snapshots at 64x64
    assert cost.startswith(f"2 sizes up to 64x64, 4 steps, 5 snapshots: {(46**2 + 8 * 64**2) / 1e6:.0f} million pixels")
    assert re.search(r"about .*(second|minute)s? by the first step", cost)
    assert cost in seen[0]


def test_a_short_dream_says_nothing_of_its_cost(subject, remarks):
    analysis.dream(subject, layer="4", filters=[2], steps=2, every=1)
    assert not any("to climb" in line for line in remarks)
