"""SECURITY.md, kept by force: strangers' files are read in a process whose audit hook ends what they must not do."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CODE_AS_ARCHITECTURE, made_once
from safetensors.torch import save_file
from test_weights import CONTAINERS, FORMS, NETS, Evil

from foodviz.models.loading import SAMPLE

HERE = Path(__file__).parent
STRANGER = "import pathlib\npathlib.Path('pwned').touch()\n\n\ndef Net(*_):\n    raise SystemExit\n"
AS_FLAGS = (
    {"ids": ["--allow-code", "--arch", "evil.py:Net"]},
    {"ids": ["57", "--arch=evil.py:Net"]},
    {"ids": [], "image": ["--arch", "evil.py:Net"]},
    {"target": "--arch=evil.py:Net"},
    {"target": ["label", "--arch", "evil.py:Net"]},
    {"method": ["--allow-code"]},
    {"shared_scale": "--arch"},
    {"layer": {"--arch": "evil.py:Net"}},
    {"unheard_of": "--arch=evil.py:Net"},
    {"model": "evil zip", "allow_code": True},
    {"model": "evil zip", "allow_code": "yes"},
    {"model": "evil zip"},
    *({"arch": name} for name in CODE_AS_ARCHITECTURE),
    {"arch": ["evil.py:Net"]},
    {"out": "../escaped"},
)
SCRIPT = '<script type="application/json" id="manifest">{}</script>'


def strangers(folder):
    """Files of strangers, and who is to read them: (loader, its argument), what must come of it."""
    attempts = {}
    for name in ("evil.py", "stack.py", "net.py"):
        (folder / name).write_text(STRANGER)
    for form, write in FORMS.items():
        write(NETS["relu"](), folder / f"good {form}".replace("/", ""))
        attempts["load_model", f"good {form}"] = "opened"
    models = []
    for name, write in CONTAINERS.items():
        write(Evil(), folder / f"evil {name}")
        models.append(f"evil {name}")
    for number, name in enumerate(CODE_AS_ARCHITECTURE):
        weights = {key: value.clone() for key, value in NETS["relu"]().state_dict().items()}
        said = json.dumps({"architecture": name})
        save_file(weights, folder / f"says {number}.safetensors", {"foodviz": said})
        torch.save({"state_dict": weights, "foodviz": said}, folder / f"says {number}.pth")
        models += [f"says {number}.safetensors", f"says {number}.pth"]
    for model in models:
        readers = ("load_model", "open_subject")
        attempts |= dict.fromkeys([(reader, model) for reader in readers], "refused")
        lines = (f"layers\t--ids\t57\t--model\t{model}", f"inspect\t--model\t{model}")
        attempts |= dict.fromkeys([("command", line) for line in lines], "refused")
        attempts["command", f"train\t--start\t{model}\t--limit\t2\t--out\tagain/model"] = "refused"
    attempts |= dict.fromkeys([("read_checkpoint", model) for model in models if model.startswith("evil")], "refused")
    picture = folder / "food/validation/0_0.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(pickle.dumps(Evil()))
    attempts["open_files", str(picture)] = attempts["open_dataset", "food"] = "refused"
    return attempts


def forged(folder, first):
    """Manifests and pages made from a good one, and what must come of a repetition."""
    attempts = {("rerun", "first/saliency.json"): "opened", ("rerun, check", "first/saliency.json"): "opened"}
    for number, settings in enumerate(AS_FLAGS):
        manifest = json.dumps(first | {"settings": first["settings"] | settings})
        (folder / f"forged {number}.json").write_text(manifest)
        (folder / f"forged {number}.html").write_text(f"<html>{SCRIPT.format(manifest)}</html>")
        (folder / f"twice {number}.html").write_text(SCRIPT.format(json.dumps(first)) + SCRIPT.format(manifest))
        for file in (f"forged {number}.json", f"forged {number}.html", f"twice {number}.html"):
            attempts |= dict.fromkeys([("rerun", file), ("rerun, check", file)], "refused")
    good, bad = SCRIPT.format(json.dumps(first)), SCRIPT.format(json.dumps(first | {"command": "os.system"}))
    (folder / "comment.html").write_text(f"<!-- {bad} --><html>{good}</html>")
    attempts["rerun", "comment.html"] = "opened"
    for name, values in {
        "objects": np.array([Evil()], dtype=object),
        "one object": np.array(Evil(), dtype=object),
    }.items():
        beside = folder / f"beside {name}"
        beside.mkdir()
        (beside / "saliency.json").write_text(json.dumps(first))
        np.savez(beside / "saliency.npz", maps=values)
        attempts["rerun, check", f"beside {name}/saliency.json"] = "refused"
    return attempts


# The hook fires: what the user allows runs, and is ended.
CONTROLS = {
    ("load_model, code allowed", "evil zip"): "os.system",
    ("load_model, own architecture", "evil.py:Net"): "code of",
    ("command", "layers\t--ids\t57\t--arch\tnet.py:Net"): "code of",
    ("command", "saliency\t--ids\t57\t--dpi\t40\t--out\telsewhere"): "written",
    ("socket", ""): "socket.",
}


def first_manifest():
    """What a saliency run of the sample writes, as far as a repetition reads it."""
    from foodviz import open_subject, saliency
    from foodviz.analysis.typed import typed

    settings = {"data": "sample", "split": None, "model": "sample", "arch": None, "device": "auto", "seed": 0}
    settings |= {"ids": ["57"], "image": [], "method": ["gradient"], "allow_code": False}
    assert typed(open_subject, settings)
    assert typed(saliency, settings)
    return {"command": "saliency", "command_line": "foodviz saliency --ids 57", "settings": settings, "versions": {}}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What came of each attempt: {(loader, argument): (expected, answer, what the hook ended, what was written)}."""

    def attempt_all(folder):
        expected = strangers(folder) | forged(folder, first_manifest()) | dict.fromkeys(CONTROLS, "ended")
        (folder / "attempts.json").write_text(json.dumps([*expected]))
        (folder / "tmp").mkdir()
        env = os.environ | {"TMPDIR": str(folder / "tmp"), "OMP_NUM_THREADS": "1"}
        watched = [sys.executable, "-W", "ignore", str(HERE / "watched.py"), str(folder)]
        done = subprocess.run(watched, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        came = json.loads((folder / "answers.json").read_text())
        table = [
            [loader, what, wanted, *came[place]] for place, ((loader, what), wanted) in enumerate(expected.items())
        ]
        (folder / "table.json").write_text(json.dumps(table))

    folder = made_once(tmp_path_factory, "strangers", attempt_all)
    return {(loader, what): tuple(rest) for loader, what, *rest in json.loads((folder / "table.json").read_text())}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_no_file_of_a_stranger_runs_connects_or_writes(answers):
    for attempt, (expected, answer, ended, written) in answers.items():
        if attempt not in CONTROLS:
            assert not ended, attempt
            assert not written, attempt
            assert answer.startswith(expected), (attempt, answer)


def test_each_refusal_is_one_line(answers):
    for attempt, (_, answer, _, _) in answers.items():
        assert "\n" not in answer, (attempt, answer)
        assert len(answer) < 1000, attempt


@pytest.mark.parametrize("control", CONTROLS)
def test_the_hook_ends_what_the_user_alone_may_allow(answers, control):
    _, answer, ended, _ = answers[control]
    assert answer == "ended"
    assert CONTROLS[control] in ended[0]


def test_the_samples_own_file_is_no_exception():
    assert SAMPLE.suffix == ".safetensors"  # a format that cannot hold code
