"""What a flag, a config, a manifest or a file may ask for; what is more is said in one line."""

import datetime
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from foodviz import analysis
from foodviz.cli import COMMANDS
from foodviz.data import FOOD11
from foodviz.errors import InputError, UsageError
from foodviz.models import Classifier, fast
from foodviz.models.architectures import build
from foodviz.models.files.own_format import save

NEVER = ("nan", "inf", "-inf", "1e38", "-1", "10" * 12)
NUMBERS = {
    "saliency": {
        "smoothgrad": ("samples", "noise"),
        "integrated-gradients": ("steps",),
        "occlusion": ("patch", "stride"),
    },
    "lime": ("samples", "segments", "compactness", "sigma", "kernel-width", "features", "limit"),
    "filters": ("steps", "every", "lr", "weight-decay", "scan", "pictures"),
    "atlas": ("steps", "scan", "budget"),
    "dream": ("steps", "every", "lr", "weight-decay", "size", "octaves", "octave-scale", "zoom", "weights"),
    "train": (
        *("size", "epochs", "batch-size", "lr", "weight-decay", "label-smoothing", "augmentation", "noise"),
        *("start-size", "limit", "seed"),
    ),
    "inspect": ("seed",),
    "report": ("dpi", "input-size", "seed"),
}
# Of these more than there is means all there is.
NO_MOST = {("lime", "limit"), ("lime", "features"), ("train", "limit")}


def numbers():
    for command, flags in NUMBERS.items():
        for method, names in (flags if isinstance(flags, dict) else {"": flags}).items():
            for name in names:
                yield pytest.param(command, method, name, id=f"{command} {method} {name}")


def one_line(result, code=(1, 2)) -> str:
    assert result.exit_code in code, result.stderr
    assert "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert errors == result.stderr.splitlines()[-1:]
    assert len(errors[0]) <= 400
    return errors[0]


@pytest.mark.parametrize(("command", "method", "name"), list(numbers()))
def test_a_number_that_nothing_could_be_done_with_is_refused_before_any_work(
    foodviz, monkeypatch, command, method, name
):
    def no_work(*_arguments, **_settings):
        raise AssertionError("work was done")

    for place in ("foodviz.models.load", "foodviz.data.batch.batches", "foodviz.data.batch.read"):
        monkeypatch.setattr(place, no_work)
    for value in NEVER:
        if ((command, name) in NO_MOST and value == NEVER[-1]) or (name == "weights" and value == "-1"):
            continue
        flags = ["--method", method] if method else []
        flags += ["--class", "Rice"] if name == "limit" and command == "lime" else []
        assert name in one_line(foodviz(command, *flags, f"--{name}={value}")), value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e38])
def test_a_notebook_is_told_the_same(value):
    subject = analysis.open_subject()
    for call in (
        lambda: analysis.saliency(subject, method="smoothgrad", noise=value),
        lambda: analysis.lime(subject, kernel_width=value),
        lambda: analysis.filters(subject, lr=value),
        lambda: analysis.dream(subject, lr=value),
        lambda: analysis.dream(subject, filters=[1], weights=[value]),
        lambda: analysis.train(lr=value),
        lambda: analysis.train(noise=value),
    ):
        with pytest.raises(InputError, match=r"must|give"):
            call()


def test_training_takes_the_words_it_knows_only(tmp_path):
    for wrong in ({"optimizer": "adam"}, {"precision": "half"}, {"device": "tpu"}, {"epochs": "3"}, {"lr": None}):
        with pytest.raises(InputError, match="must be"):
            analysis.train(out=str(tmp_path / "m"), **wrong)


# ---- a config


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[saliency]\nmethod = 2024-01-01", ["[saliency] method", "a text"]),
        ("seed = 2024-01-01T00:00:00", ["seed", "a whole number"]),
        ("seed = [1, 2]", ["seed", "a whole number"]),
        ("seed = 1.5", ["seed", "a whole number"]),
        ("seed = true", ["seed", "a whole number"]),
        ("dpi = 5", ["dpi", "30<=x<=600"]),
        ("[saliency]\nnoise = [0.1]", ["[saliency] noise", "a number"]),
        ("[saliency]\nnoise = '0,1'", ["[saliency] noise", "0,1"]),
        ("[saliency]\nshared_scale = 'yes'", ["[saliency] shared_scale", "true or false"]),
        ("[saliency]\nids = [[57]]", ["[saliency] ids", "a list of such"]),
        ("[saliency]\nids = {a = 1}", ["[saliency] ids", "a list of such"]),
        ("[saliency]\nreduce = 'mean'", ["[saliency] reduce", "mean"]),
        ('out = "a\\u0000b"', ["out", "a text"]),
        ("[confusion]\npair = 'Rice'", ["[confusion] pair", "a list of 2"]),
        ("[confusion]\npair = [1, 2, 3]", ["[confusion] pair", "a list of 2"]),
        ("a = [", ["not TOML"]),
        ("seed = " + "1" * 5000, ["not TOML"]),
        ("a = " + "[" * 20_000, ["not TOML"]),
    ],
)
def test_a_value_of_a_config_that_its_flag_does_not_take(foodviz, content, words):
    Path("wrong.toml").write_text(content)
    line = one_line(foodviz("--config", "wrong.toml", "saliency"), (1,))
    for word in ("wrong.toml", *words):
        assert word in line


def test_a_report_is_told_of_every_table(foodviz):
    Path("wrong.toml").write_text("[dream]\nsteps = 0\n")
    assert "wrong.toml: [dream] steps" in one_line(foodviz("--config", "wrong.toml", "report"), (1,))


def test_one_value_is_a_list_of_one(foodviz):
    Path("own.toml").write_text('[saliency]\nids = "99999"\n')
    assert "--ids 99999: training has the ids" in one_line(foodviz("--config", "own.toml", "saliency"), (1,))


@pytest.mark.parametrize("path", ["pipe", "folder", "/dev/zero", "large", "n" * 300])
def test_what_is_no_config_and_no_manifest_is_not_waited_for(foodviz, path):
    import os

    os.mkfifo("pipe")
    Path("folder").mkdir()
    with Path("large").open("wb") as stream:
        stream.truncate(600 << 20)
    one_line(foodviz("--config", path, "saliency"))
    one_line(foodviz("rerun", path))


# ---- a manifest


def manifest(**changed) -> str:
    return json.dumps({"command": "saliency", "command_line": "", "settings": {"ids": [57]}} | changed)


def page(count: int = 1, **changed) -> str:
    run = {"command": "saliency", "settings": {"ids": [57]}}
    sections = [{"name": "saliency", "arrays": {}, "error": None, "manifest": run}] * count
    return json.dumps({"command": "report", "command_line": "", "settings": {}, "sections": sections} | changed)


@pytest.mark.parametrize(
    "content",
    [
        manifest(command=["saliency"]),
        manifest(settings={"ids": [57], "dpi": "x"}),
        manifest(settings={"ids": [57], "dpi": 1e9}),
        manifest(settings={"ids": [57], "dpi": 10**9}),
        manifest(settings={"ids": [57], "seed": float("nan")}),
        manifest(settings={"ids": [57], "seed": -1}),
        manifest(settings={"ids": [57], "samples": 10**20, "method": "smoothgrad"}),
        manifest(settings={"ids": [57], "model": "a\0b"}),
        manifest(settings={"ids": [57], "model": "~nobody/x"}),
        manifest(settings={"ids": [57], "data": "~nobody/x"}),
        manifest(settings={"ids": ["-1"] * 3, "device": "gpu"}),
        manifest(settings={"ids": ["57"] * 1001}),
        manifest(settings={"ids": [], "image": ["/dev/zero"]}),
        manifest(model="x"),
        manifest(versions=[1]),
        manifest(pictures=[{"file": 1}]),
        page(100),
        page(0, sections=[{"name": "../x", "arrays": {}, "manifest": {"command": "saliency", "settings": {}}}]),
        page(sections={"a": 1}),
        page(command_line=None),
        page(settings=[]),
        page(sections=[{"name": "saliency", "arrays": [1], "manifest": json.loads(manifest())}]),
        "[" * 100_000,
        '{"command": ' + "1" * 5000 + "}",
        "null",
    ],
)
def test_a_manifest_that_asks_for_what_cannot_be(foodviz, content):
    Path("a.json").write_text(content)
    one_line(foodviz("rerun", "a.json"))
    compared = foodviz("rerun", "a.json", "--check")
    assert compared.exit_code in (1, 2)
    assert "Traceback" not in compared.stderr
    assert not Path("rerun").exists() or not list(Path("rerun").rglob("*.*"))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[str, bytes]:
    """The manifest and the raw values of a small run."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    model = Classifier(build("vgg16_bn-slim", 11), analysis.open_subject().split().class_names, (32, 32))
    save(folder / "tiny.safetensors", model, "vgg16_bn-slim", {}, [])
    subject = analysis.open_subject(model=str(folder / "tiny.safetensors"), say=lambda _: None)
    analysis.saliency(subject, ids=[57]).save(folder)
    return (folder / "saliency.json").read_text(), (folder / "saliency.npz").read_bytes()


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def header(shape: str) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def encrypted(content: bytes) -> bytes:
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= 1
            place = changed.find(signature, place + 1)
    return bytes(changed)


DAMAGED = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-10],
    "flipped": lambda content: content[:200] + bytes(byte ^ 255 for byte in content[200:400]) + content[400:],
    "encrypted": encrypted,
    "a pickle": lambda _: pickle.dumps([1]),
    "a pickle inside": lambda _: zipped("maps.npy", pickle.dumps([1])),
    "objects inside": lambda _: zipped("maps.npy", header("(1,)").replace(b"<f4", b"|O8") + pickle.dumps([1])),
    "more than there is": lambda _: zipped("maps.npy", header("(99999999999999,)") + b"1234"),
    "a negative shape": lambda _: zipped("maps.npy", header("(-5,)") + b"1234"),
    "deep": lambda _: zipped("maps.npy", header("(" * 50 + ")" * 50)),
    "a text": lambda _: zipped("maps.npy", b"hello"),
    "another compression": lambda content: zipped("maps.npy", content, zipfile.ZIP_LZMA)[:-40],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_raw_values_that_are_damaged_are_said_to_be(foodviz, run, damage):
    text, content = run
    Path("saliency.json").write_text(text)
    Path("saliency.npz").write_bytes(DAMAGED[damage](content))
    result = foodviz("rerun", "saliency.json", "--check", "--quiet")
    assert result.exit_code == 1
    assert "saliency.npz: damaged" in one_line(result)


# ---- weights


def spoiled(path: Path, how: str) -> str:
    """The bundled model's file with weights that no answer can be had of."""
    from safetensors import safe_open

    weights = load_file("foodviz-model")
    with safe_open("foodviz-model", "pt") as checkpoint:
        metadata = checkpoint.metadata()
    name = next(name for name in weights if name.endswith("running_var") == (how == "negative variance"))
    if how == "large":
        weights = {key: value.float() * 0 + 3e37 if value.ndim > 1 else value for key, value in weights.items()}
    else:
        weights[name] = (
            weights[name] * 0 + {"NaN": float("nan"), "infinite": float("inf"), "negative variance": -1}[how]
        )
    save_file(weights, path, metadata)
    return str(path)


WITH_MODEL = [name for name in COMMANDS if name not in ("sample", "rerun")]


@pytest.mark.parametrize("how", ["NaN", "infinite", "negative variance", "large"])
@pytest.mark.parametrize("command", WITH_MODEL)
def test_weights_without_answers_are_said_by_every_command(foodviz, sample_folder, command, how):
    torch.manual_seed(0)
    save(Path("foodviz-model"), Classifier(build("vgg16_bn-slim", 11), FOOD11, (32, 32)), "vgg16_bn-slim", {}, [])
    flags = ["--count", "11", "--few", "11"] if command == "inspect" else []
    flags += ["--sections", "saliency", "lime", "dream"] if command == "report" else []
    flags += ["--arch", "vgg16_bn-slim", "--size", "32", "--out", "again"] if command == "train" else []
    given = "--start" if command == "train" else "--model"
    line = one_line(foodviz(command, "--data", str(sample_folder), given, spoiled(Path("bad"), how), *flags))
    assert "bad" in line
    assert command == "report" or line.startswith(f"error: {given} bad")
    assert not Path("again").exists()
    assert {"large": "finite"}.get(how, "weights hold") in line


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e37, -1.0])
def test_a_fast_model_can_be_had_of_any_weights(value):
    network = build("vgg16_bn-slim", 3)
    for weights in network.state_dict().values():
        if weights.is_floating_point():
            weights.fill_(value)
    classifier = Classifier(network, "abc", (32, 32))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert fast(classifier)(images).shape == classifier(images).shape


# ---- lime's two kinds


def test_what_is_of_no_effect_is_refused():
    subject = analysis.open_subject(say=lambda _: None)
    of_pictures = ({"target": ("Rice",)}, {"features": 3}, {"positive_only": False}, {"shared_scale": True})
    for given in of_pictures:
        with pytest.raises(UsageError, match=f"`{next(iter(given))}` belongs to single pictures"):
            analysis.lime(subject, class_name="Rice", **given)
    with pytest.raises(UsageError, match="`limit` belongs to `class_name`"):
        analysis.lime(subject, limit=3)


def test_a_report_gives_each_section_of_lime_what_it_takes():
    from foodviz.analysis.report.plan import planned

    table = {"lime": {"limit": 3, "features": 5, "target": ["predicted"], "samples": "40"}}
    one, other = planned(analysis.open_subject(), table, ["lime", "class", "lime"], (), "Rice")
    assert one.arguments == {"features": 5, "target": ("predicted",), "samples": "40"}
    assert other.arguments == {"limit": 3, "samples": "40", "class_name": "Rice"}


def test_a_date_is_no_setting():
    from foodviz.analysis.typed import typed

    with pytest.raises(InputError, match="`method`"):
        typed(analysis.saliency, {"method": datetime.date(2024, 1, 1)})


def test_arrays_of_a_run_are_compared(foodviz, run):
    text, content = run
    Path("saliency.json").write_text(text)
    Path("saliency.npz").write_bytes(content)
    assert foodviz("rerun", "saliency.json", "--check", "--quiet").exit_code == 0
    with np.load("saliency.npz") as arrays:
        assert arrays["maps"].shape[1:] == (32, 32)


def test_layers_of_a_model_of_other_classes(foodviz):
    torch.manual_seed(0)
    names = [f"dish {number}" for number in range(11)]
    save(Path("other"), Classifier(build("vgg16_bn-slim", 11), names, (32, 32)), "vgg16_bn-slim", {}, [])
    assert foodviz("layers", "--model", "other").exit_code == 0
    drawn = foodviz("saliency", "--model", "other")
    assert drawn.exit_code == 0
    assert "labels left out: the model has no class 'Bread'" in drawn.stderr
