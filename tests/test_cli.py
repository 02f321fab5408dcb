"""The shell: flags, config, errors in one line, and what a run leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from foodviz.cli import COMMANDS
from foodviz.methods.attribution.catalogue import METHODS
from foodviz.models import Classifier
from foodviz.models.architectures import build
from foodviz.models.files.own_format import save

SEEN = "00" * 32


@pytest.fixture
def tiny_model(tmp_path) -> str:
    """A slim net with random weights that answers like any checkpoint of foodviz's own."""
    torch.manual_seed(0)
    path = tmp_path / "tiny.safetensors"
    names = ["Bread", "Dairy product", "Dessert", "Egg", "Fried food"]
    save(path, Classifier(build("vgg16_bn-slim", 5), names, (32, 32)), "vgg16_bn-slim", {}, [SEEN])
    return str(path)


@pytest.fixture
def tiny_data(sample_folder) -> str:
    """A dozen pictures a split."""
    for path in sample_folder.glob("*/*.jpg"):
        if int(path.stem.partition("_")[0]) > 4:
            path.unlink()
    return str(sample_folder)


def one_line(result, *words) -> None:
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in errors[0]
    assert not Path("results").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(foodviz, command):
    result = foodviz(command, "--help")
    assert result.exit_code == 0
    assert "Usage: foodviz" in result.stdout
    assert COMMANDS[command]


def test_wrong_usage_is_one_line_and_exit_code_2(foodviz):
    for arguments, word in (
        (["salency"], "saliency"),
        (["saliency", "--idz", "5"], "--idz"),
        (["saliency", "--ids"], "--ids"),
    ):
        result = foodviz(*arguments)
        assert result.exit_code == 2
        assert word in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_saliency_writes_picture_arrays_and_a_manifest_that_explains_them(foodviz, tiny_data, tiny_model):
    result = foodviz("saliency", "--data", tiny_data, "--model", tiny_model, "--ids", "1", "4", "--target", "predicted")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [Path(line).name for line in lines[:3]] == ["saliency.png", "saliency.npz", "saliency.json"]
    assert lines[3].startswith("1  training/0_1.jpg  Bread")
    manifest = json.loads(Path("results/saliency.json").read_text())
    assert manifest["command_line"].startswith("foodviz saliency --data")
    assert [picture["id"] for picture in manifest["pictures"]] == [1, 4]
    assert manifest["settings"]["method"] == ["gradient"]
    assert manifest["seed"] == 0
    assert len(manifest["model"]["sha256"]) == len(manifest["pictures"][0]["sha256"]) == 64
    assert {"foodviz", "torch", "numpy"} <= manifest["versions"].keys()
    arrays = np.load("results/saliency.npz")
    assert arrays["maps"].shape == (2, 32, 32)
    assert manifest["maxima"][0][0] == pytest.approx(arrays["maps"][0].max())
    assert manifest["trained_on"] == "0 of 2 images were in the training set"


def maps_of(foodviz, *arguments) -> np.ndarray:
    assert foodviz("saliency", *arguments).exit_code == 0
    return np.load("results/saliency.npz")["maps"]


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_does_not_depend_on_its_company(foodviz, tiny_data, exact_net, method):
    few = {"samples": "3", "steps": "3", "stride": "0.2"}
    own = [word for each in METHODS[method].options if each.name in few for word in (f"--{each.name}", few[each.name])]
    if "transformer" in METHODS[method].note.lower():
        pytest.skip("the net has no attention")
    base = ["--data", tiny_data, *exact_net, "--method", method, "--target", "predicted", "--trust", "none", *own]
    both = maps_of(foodviz, *base, "--ids", "1,4")
    alone = maps_of(foodviz, *base, "--ids", "4")
    np.testing.assert_allclose(both[1], alone[0], rtol=1e-6, atol=1e-6 * alone.max())


def test_the_same_command_gives_the_same_bytes(foodviz, tiny_data, tiny_model):
    command = ["saliency", "--data", tiny_data, "--model", tiny_model, "--method", "smoothgrad"]
    kept = []
    for _ in range(2):
        assert foodviz(*command).exit_code == 0
        kept.append([Path(f"results/saliency.{kind}").read_bytes() for kind in ("png", "npz", "json")])
    assert kept[0] == kept[1]


def test_reductions_and_objectives(foodviz, tiny_data, tiny_model):
    base = ["--data", tiny_data, "--model", tiny_model, "--ids", "1", "--target", "predicted"]
    assert maps_of(foodviz, *base, "--reduce", "none", "--objective", "loss").shape == (1, 3, 32, 32)
    assert (maps_of(foodviz, *base, "--reduce", "sum", "--shared-scale") < 0).any()


def test_targets(foodviz, tiny_data, tiny_model):
    base = ["saliency", "--data", tiny_data, "--model", tiny_model, "--ids", "4"]
    for asked, name in (("label", "Dairy product"), ("egg", "Egg"), ("3", "Egg"), ("fried", "Fried food")):
        assert foodviz(*base, "--target", asked).exit_code == 0
        assert json.loads(Path("results/saliency.json").read_text())["targets"][0] == name


def test_several_targets_stand_side_by_side_each_class_once(foodviz, tiny_data, tiny_model):
    base = ["--data", tiny_data, "--model", tiny_model, "--trust", "none"]
    together = maps_of(foodviz, *base, "--ids", "4", "1", "--target", "label", "Egg", "3", "Fried food")
    manifest = json.loads(Path("results/saliency.json").read_text())
    assert manifest["targets"] == ["Dairy product", "Egg", "Fried food", "Bread", "Egg", "Fried food"]
    assert manifest["pictures_of_maps"] == [0, 0, 0, 1, 1, 1]
    alone = maps_of(foodviz, *base, "--ids", "4", "--target", "Egg")[0]
    np.testing.assert_allclose(together[1], alone, rtol=0, atol=1e-3 * alone.max())  # float32, of other batches


def test_any_picture_file_and_the_manifest_on_stdout(foodviz, tiny_data, tiny_model):
    picture = f"{tiny_data}/training/1_0.jpg"
    result = foodviz("saliency", "--image", picture, "--model", tiny_model, "--json")
    assert result.exit_code == 0, result.stderr
    manifest = json.loads(result.stdout)
    assert manifest["pictures"][0]["file"] == picture
    assert manifest["pictures"][0]["label"] is None


def test_an_unlabelled_split_is_explained_by_its_predictions(foodviz, tiny_data, tiny_model):
    testing = Path(tiny_data) / "testing"
    testing.mkdir()
    for place, path in enumerate(sorted((Path(tiny_data) / "training").iterdir())):
        (testing / f"{place:04}.jpg").write_bytes(path.read_bytes())
    result = foodviz("saliency", "--data", tiny_data, "--split", "test", "--model", tiny_model, "--ids", "2")
    assert result.exit_code == 0
    assert "unlabelled" in result.stdout
    assert "no label" in result.stderr


def test_config_gives_defaults_that_flags_override(foodviz, tiny_data, tiny_model, monkeypatch):
    Path("mine.toml").write_text(
        f'data = "{tiny_data}"\nmodel = "{tiny_model}"\n[saliency]\nids = [1, "0_2"]\nmethod = "gradcam"\n'
    )
    assert foodviz("--config", "mine.toml", "saliency").exit_code == 0
    manifest = json.loads(Path("results/saliency.json").read_text())
    assert [picture["id"] for picture in manifest["pictures"]] == [1, 2]
    assert manifest["method"] == ["gradcam"]
    monkeypatch.setenv("FOODVIZ_CONFIG", "mine.toml")
    assert foodviz("saliency", "--method", "gradient").exit_code == 0
    assert json.loads(Path("results/saliency.json").read_text())["method"] == ["gradient"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("dta = 'x'", ["dta", "'data'"]),
        ("[saliency]\nmetod = 'x'", ["metod", "'method'"]),
        ("[salency]\n", ["salency", "'saliency'"]),
        ("a = [", ["not TOML"]),
    ],
)
def test_a_config_with_something_unknown_is_refused(foodviz, content, words):
    Path("wrong.toml").write_text(content)
    one_line(foodviz("--config", "wrong.toml", "saliency"), "wrong.toml", *words)


def test_a_config_that_is_not_there(foodviz):
    one_line(foodviz("--config", "gone.toml", "saliency"), "gone.toml")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--ids", "99999"], ["99999", "0 to 14"]),
        (["--data", "nowhere"], ["nowhere", "no such folder"]),
        (["--data", "empty"], ["no picture"]),
        (["--layer", "99", "--method", "gradcam"], ["99", "0 to 43"]),
        (["--layer", "cnn.x", "--method", "gradcam"], ["cnn.x", "cnn."]),
        (["--target", "Pizza"], ["Pizza", "Bread"]),
        (["--target", "99"], ["99", "0 to 4"]),
        (["--model", "gone.pth"], ["gone.pth"]),
        (["--split", "testing"], ["testing", "training"]),
        (["--image", "gone.png"], ["gone.png"]),
        (["--arch", "vgg"], ["vgg", "vgg16_bn"]),
        (["--out", "food/training/0_0.jpg/x"], ["0_0.jpg", "not a folder"]),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(foodviz, tiny_data, tiny_model, flags, words):
    Path("empty").mkdir()
    result = foodviz("saliency", "--data", tiny_data, "--model", tiny_model, *flags)
    one_line(result, *words)


def test_a_truncated_picture_asked_for_by_id(foodviz, tiny_data, tiny_model):
    broken = Path(tiny_data) / "training" / "0_1.jpg"
    broken.write_bytes(broken.read_bytes()[:3000])
    one_line(foodviz("saliency", "--data", tiny_data, "--model", tiny_model, "--ids", "1"), "0_1.jpg", "truncated")


def test_a_text_file_as_checkpoint(foodviz):
    Path("model.pth").write_text("not a model\n")
    one_line(foodviz("saliency", "--model", "model.pth", "--ids", "57"), "model.pth")


def test_weights_that_do_not_fit_are_never_loaded_in_part(foodviz, tiny_model):
    result = foodviz("saliency", "--model", tiny_model, "--arch", "hw3-sample", "--ids", "57")
    one_line(result, "tiny.safetensors", "hw3-sample", "cnn.0.weight")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_no_partial_file(tmp_path):
    command = [sys.executable, "-m", "foodviz", "saliency", "--method", "smoothgrad", "--samples", "100000"]
    process = subprocess.Popen(
        [*command, "--ids", "57"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()  # the remark on the sample: the command is at work
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_inside_an_exec_has_the_same_exit_code(tmp_path, tiny_model):
    (tmp_path / "net.py").write_text('exec("raise KeyboardInterrupt")\n')
    command = [sys.executable, "-m", "foodviz", "layers", "--arch", "net.py:Net", "--model", str(tiny_model)]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr.splitlines()[-1]) == (130, "error: stopped")
