import io
import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from foodviz.errors import InputError
from foodviz.render.animation import animate
from foodviz.render.dream import dream_figure


@pytest.fixture
def dream(foodviz, tiny_net) -> Callable:
    """Runs `foodviz dream` with a tiny net for 128x128 pictures."""
    model = tiny_net(128)

    def run(*arguments: str, layer: str = "4"):
        return foodviz("dream", *model, "--layer", layer, "--dpi", "40", *arguments)

    return run


def arrays(folder="results"):
    with np.load(f"{folder}/dream.npz") as saved:
        return dict(saved)


def test_the_reports_experiment(dream, tmp_path):
    result = dream("--filter", "2", "--steps", "25")
    assert result.exit_code == 0, result.stderr
    assert "5_9.jpg" in result.stdout
    facts = json.loads((tmp_path / "results/dream.json").read_text())
    assert facts["climbed"] == "filter 2 of layer 4 = cnn.4 Conv2d, 8 channels, 32x32"
    assert (facts["lr"], facts["weight_decay"], facts["optimizer"], facts["space"]) == (
        12,
        1e-4,
        "sgd",
        "[0, 1] pixels",
    )
    assert [frame["step"] for frame in facts["frames"]] == [0, 10, 20, 25]
    saved = arrays()
    assert saved["curve"].shape == (26,)
    assert saved["probabilities"].shape == (4, 11)
    assert saved["on_and_off"].shape == (2, 4)
    frames = sorted((tmp_path / "results/dream-frames").iterdir())
    assert [path.name for path in frames] == ["step-0000.png", "step-0010.png", "step-0020.png", "step-0025.png"]
    last = np.asarray(Image.open(tmp_path / "results/dream-final.png"))
    np.testing.assert_array_equal(last, np.asarray(Image.open(frames[-1])))
    np.testing.assert_allclose(last / 255, saved["final"].clip(0, 1).transpose(1, 2, 0), atol=0.51 / 255)
    assert last.shape == (128, 128, 3)


def test_the_same_command_twice_gives_the_same_bytes(dream, tmp_path):
    line = ("--filter", "2", "--steps", "4", "--every", "2", "--lr", "5000", "--animate", "webp")
    dream(*line)
    before = {path: path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file()}
    dream(*line)
    assert {path: path.read_bytes() for path in before} == before
    with Image.open(io.BytesIO(before[tmp_path / "results/dream.webp"])) as animation:
        assert animation.n_frames == 3


@pytest.mark.parametrize("recipe", [("--optimizer", "adam"), ("--recipe", "octaves", "--octaves", "2", "--size", "96")])
def test_resumed_is_as_uninterrupted(dream, tmp_path, recipe, monkeypatch):
    line = (*recipe, "--filter", "2", "--steps", "6", "--every", "2")
    assert dream(*line, "--out", "whole").exit_code == 0
    from foodviz.analysis.dream.snapshots import Snapshots

    save, saved = Snapshots.save, []

    def power_cut(self, path, moment):
        save(self, path, moment)
        saved.append(moment.step)
        if moment.step == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Snapshots, "save", power_cut)
    assert dream(*line).exit_code == 130
    assert saved == [0, 2, 4]
    monkeypatch.setattr(Snapshots, "save", save)
    assert dream(*line, "--resume").exit_code == 0
    for name, values in arrays("whole").items():
        np.testing.assert_array_equal(arrays()[name], values)
    for path in (tmp_path / "whole/dream-frames").iterdir():
        theirs = Image.open(tmp_path / "results/dream-frames" / path.name)
        np.testing.assert_array_equal(np.asarray(theirs), np.asarray(Image.open(path)))


def test_a_finished_plain_dream_can_be_made_longer(dream):
    dream("--filter", "2", "--steps", "9", "--every", "3", "--out", "whole")
    dream("--filter", "2", "--steps", "5", "--every", "3")
    assert dream("--filter", "2", "--steps", "9", "--every", "3", "--resume").exit_code == 0
    for name, values in arrays("whole").items():
        np.testing.assert_array_equal(arrays()[name], values)


def test_the_models_space_says_so(dream, tmp_path):
    assert dream("--filter", "2", "--steps", "2", "--every", "1", "--space", "model").exit_code == 0
    assert json.loads((tmp_path / "results/dream.json").read_text())["space"] == "model"


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (("--filter", "2,5", "--weights", "1", "-0.5"), "filters 2 + -0.5 x 5 of layer 4"),
        (("--filter", "all"), "the whole of layer 4"),
        (("--class", "Soup"), "the logit of Soup"),
        (("--guide", "guide.png"), "likeness to guide.png in layer 4"),
    ],
)
def test_octaves_climb_every_objective(dream, tmp_path, objective, words):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)).save(tmp_path / "guide.png")
    result = dream("--recipe", "octaves", "--octaves", "2", "--steps", "6", "--every", "3", "--size", "150", *objective)
    assert result.exit_code == 0, result.stderr
    facts = json.loads((tmp_path / "results/dream.json").read_text())
    assert facts["climbed"].startswith(words)
    values = [frame["objective"] for frame in facts["frames"]]
    assert values[1] > values[0]


@pytest.mark.parametrize("recipe", ["plain", "octaves"])
def test_the_sample_model_rises_over_ten_snapshots(foodviz, tmp_path, recipe):
    size = ("--size", "160") if recipe == "octaves" else ("--steps", "100")
    assert foodviz("dream", "--recipe", recipe, *size, "--dpi", "40", "--quiet").exit_code == 0
    frames = json.loads((tmp_path / "results/dream.json").read_text())["frames"]
    values = [frame["objective"] for frame in frames]
    assert [frame["step"] for frame in frames] == list(range(0, 101, 10))
    assert values == sorted(values)


def test_a_wide_picture_keeps_its_shape_and_zooms(dream, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (30, 80, 3), np.uint8)
    Image.fromarray(pixels).resize((160, 60)).save(tmp_path / "wide.png")
    line = ("--recipe", "octaves", "--octaves", "1", "--steps", "2", "--every", "1", "--size", "160", "--zoom", "3")
    result = dream("--image", "wide.png", "--filter", "2", *line, "--animate", "gif")
    assert result.exit_code == 0, result.stderr
    assert arrays()["photograph"].shape == (60, 160, 3)
    with Image.open(tmp_path / "results/dream-zoom.gif") as animation:
        assert (animation.n_frames, animation.size) == (4, (160, 60))


@pytest.mark.parametrize(
    ("arguments", "layer", "line"),
    [
        (("--filter", "99"), "4", "--filters 99: layer 4 = cnn.4 Conv2d, 8 channels, 32x32 has the channels 0 to 7"),
        (("--filter", "2"), "fc", "--layer fc: fc is a Linear without maps; the nearest convolution is --layer cnn.4"),
        (("--filter", "2"), "44", "--layer 44"),
        (("--filter", "3"), "5", "filter 3 of layer 5 = cnn.5 ReLU, 8 channels, 32x32: dead on this picture"),
        (("--filter", "2", "--every", "20", "--steps", "10"), "4", "--every 20 is larger than --steps 10"),
        (("--filter", "2", "--image", "net.py"), "4", "net.py: not a picture"),
        (("--filter", "2", "--ids", "57", "58"), "4", "one picture"),
        (("--filter", "two"), "4", "--filters two: give channel numbers"),
        (("--class", "Pizza"), "4", "--class Pizza: no such class"),
        (("--guide", "gone.png"), "4", "--guide gone.png: no such file"),
        (("--guide", "net.py"), "4", "net.py: not a picture"),
        (("--filter", "2", "4", "--weights", "1"), "4", "--weights: 1 weights for 2 filters"),
        (("--filter", "2", "--resume"), "4", "--resume: no dream was begun here"),
        (("--filter", "2", "--lr", "1e6", "--weight-decay", "1"), "4", "choose a smaller --lr"),
        (("--filter", "9" * 5000), "4", "--filters 99999"),
        (("--lr", "nan"), "4", "--lr nan: must be above 0 and at most 1,000,000"),
        (("--lr", "1e38"), "4", "--lr 1e+38: must be above 0"),
        (("--weight-decay", "nan"), "4", "--weight-decay nan: must lie between 0 and 1"),
        (("--filter", "2", "--weights", "inf"), "4", "--weights inf: must lie between"),
        (("--octave-scale", "nan"), "4", "--octave-scale nan: must lie between 1.05 and 4"),
        (("--steps", str(10**12)), "4", "--steps 1000000000000: must be 1 to 100,000"),
        (
            ("--filter", "2", "--steps", "99999"),
            "4",
            "--every 10: 10,001 snapshots of 99,999 steps, at most 500; give --every 201",
        ),
        (("--recipe", "octaves", "--zoom", str(10**9)), "4", "--zoom 1000000000: must be 1 to 1,000 frames"),
        (("--filter", "2", "--size", "8192"), "4", "--size 8192: 8192x8192 pixels are more than the 12.5 million"),
        (
            ("--filter", "2", "--size", "3000", "--every", "1"),
            "4",
            "--every 1: 251 pictures of 3000x3000 take 6.8 GB, at most 0.45",
        ),
        (("--guide", "/dev/zero"), "4", "--guide /dev/zero: not a regular file"),
        (("--image", "/dev/zero"), "4", "--image /dev/zero"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_pictures(dream, tmp_path, arguments, layer, line):
    result = dream(*arguments, layer=layer)
    assert result.exit_code == 1
    assert line in result.stderr
    assert result.stderr.count("error:") == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "results/dream.png").exists()


def test_resume_refuses_another_dream_and_a_damaged_state(dream, tmp_path):
    dream("--filter", "2", "--steps", "4", "--every", "2")
    line = ("--steps", "4", "--every", "2", "--resume")
    assert "begun with objective" in dream("--filter", "4", *line).stderr
    assert "begun with lr 12.0, not 6.0" in dream("--filter", "2", "--lr", "6", *line).stderr
    assert "past --steps 2" in dream("--filter", "2", "--steps", "2", "--every", "2", "--resume").stderr
    state = tmp_path / "results/dream-state.npz"
    state.write_bytes(state.read_bytes()[:-200])
    assert "damaged" in dream("--filter", "2", *line).stderr


def test_mp4_without_ffmpeg_is_said_before_any_work(dream, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    result = dream("--filter", "2", "--animate", "mp4")
    assert result.exit_code == 1
    assert "needs ffmpeg" in result.stderr
    assert not (tmp_path / "results").exists()


FRAMES = [np.full((33, 47, 3), shade, np.uint8) for shade in (0, 90, 200)]


def test_mp4_goes_through_ffmpeg(tmp_path, monkeypatch):
    fake = tmp_path / "ffmpeg"
    fake.write_text('#!/bin/sh\nfor last; do :; done\nprintf "%s " "$@" > "$last"\nwc -c >> "$last"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said = animate(FRAMES, "mp4").decode()
    assert "-video_size 47x33" in said
    assert int(said.split()[-1]) == 33 * 47 * 3 * (3 + 7)
    fake.write_text("#!/bin/sh\ncat > /dev/null\necho no encoder >&2\nexit 1\n")
    with pytest.raises(InputError, match="ffmpeg could not write the mp4: no encoder"):
        animate(FRAMES, "mp4")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
def test_mp4_plays():
    assert animate(FRAMES, "mp4")[4:8] == b"ftyp"


def test_the_figure_shows_photograph_snapshots_and_curves_in_order():
    frames = [np.full((12, 16, 3), 20 * place, np.uint8) for place in range(5)]
    curve = np.array([0.0, 1, 2, 1.5, 1.8])
    figure = dream_figure(
        frames,
        [0, 1, 2, 3, 4],
        curve.tolist(),
        curve=curve,
        octave_steps=2,
        region_change=np.ones((2, 2), np.float32),
        on_and_off=np.ones((2, 5), np.float32),
        region="the food",
        probabilities=np.full((5, 3), 1 / 3, np.float32),
        class_names=("Bread", "Egg", "Soup"),
        unit="mean of the map",
        title="deep dream: filter 1",
        notes=["at the foot"],
    )
    axes = figure.get_axes()
    shown = [each for each in axes if each.get_images() and each.get_images()[0].get_array().ndim == 3]
    assert [int(each.get_images()[0].get_array()[0, 0, 0]) for each in shown] == [0, 20, 40, 60, 80]
    assert shown[0].get_title() == "photograph\n0"
    assert shown[2].get_title() == "step 2\n2"
    (objective,) = [each for each in axes if each.get_title().startswith("objective")]
    lines = [line.get_xdata().tolist() for line in objective.get_lines() if len(line.get_xdata()) == 3]
    assert lines == [[0, 1, 2], [2, 3, 4]]
