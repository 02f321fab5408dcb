"""Ctrl-C at any moment, full disks, closed pipes, folders that nothing can be kept in."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from foodviz import cache
from foodviz.errors import InputError
from foodviz.interrupts import after_imports
from foodviz.models import Classifier
from foodviz.models.architectures import build
from foodviz.models.files.own_format import save
from foodviz.results import ResultFolder, check_writable, write_bytes

posix = pytest.mark.skipif(os.name != "posix", reason="signals, limits and permissions")
PYTHON = [sys.executable, "-m", "foodviz"]


INTERRUPTED = """
import os, signal, time
before = True
os.kill(os.getpid(), signal.SIGINT)
time.sleep(0.1)
after = True
"""


@posix
@pytest.mark.usefixtures("interruptible")
def test_an_import_is_finished_before_an_interrupt_takes_effect(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(INTERRUPTED)
    monkeypatch.syspath_prepend(tmp_path)
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGALRM)]

    def work():
        with after_imports():
            import slow_to_import  # noqa: F401

            time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sys.modules.pop("slow_to_import").after
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGALRM)] == handlers


@posix
@pytest.mark.usefixtures("interruptible")
def test_elsewhere_an_interrupt_takes_effect_at_once():
    begun = time.monotonic()

    def work():
        with after_imports():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert time.monotonic() - begun < 5


@posix
@pytest.mark.usefixtures("interruptible")
def test_an_error_that_code_in_c_puts_in_the_place_of_ctrl_c_is_ctrl_c():
    def work():
        with after_imports():
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            except KeyboardInterrupt:
                raise ValueError("could not determine the shape") from None

    with pytest.raises(KeyboardInterrupt):
        work()
    with pytest.raises(ValueError, match="of its own"), after_imports():  # and none is left for the next
        raise ValueError("of its own")


CLICK = """
import importlib, os, signal, sys
os.kill(os.getpid(), signal.SIGINT)
sys.path.remove(os.path.dirname(__file__))
del sys.modules["click"]
sys.modules["click"] = importlib.import_module("click")
"""


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("module", ["click", "torch"])
def test_ctrl_c_while_a_package_is_imported(tmp_path, module):
    (tmp_path / f"{module}.py").write_text(CLICK.replace("click", module))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [*PYTHON, "layers", "--quiet"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 130
    assert run.stderr.strip() == "error: stopped"
    assert run.stdout == ""


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("seconds", [1.0, 2.0, 4.0])
def test_ctrl_c_once_python_itself_has_started(tmp_path, seconds):
    process = subprocess.Popen(
        [*PYTHON, "saliency", "--method", "smoothgrad", "--samples", "100000", "--ids", "57", "--quiet"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.strip() == "error: stopped"
    assert not list(tmp_path.rglob("*.*"))


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["nope"], 2)])
def test_ctrl_c_while_python_ends_changes_nothing(arguments, code):
    line = (
        "import atexit, os, signal, sys, time; "
        "atexit.register(lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.1))); "
        f"sys.argv = ['foodviz', *{arguments}]; from foodviz.__main__ import main; main()"
    )
    run = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert "Traceback" not in run.stderr


@posix
def test_a_job_that_a_shell_runs_in_the_background_ignores_ctrl_c(tmp_path):
    work = f"{sys.executable} -m foodviz saliency --ids 57 --dpi 40 --quiet --out out"
    line = f"{work} & for each in 1 2 3; do sleep 0.5; kill -INT $!; done; wait $!"
    run = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "out/saliency.json").exists()


@pytest.fixture
def full_disk():
    """No file may become larger than 2 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def tiny_model(tmp_path) -> str:
    torch.manual_seed(0)
    names = [
        "Bread",
        "Dairy product",
        "Dessert",
        "Egg",
        "Fried food",
        "Meat",
        "Noodles/Pasta",
        "Rice",
        "Seafood",
        "Soup",
    ]
    model = Classifier(build("vgg16_bn-slim", 11), [*names, "Vegetable/Fruit"], (32, 32))
    save(tmp_path / "tiny.safetensors", model, "vgg16_bn-slim", {}, [])
    return "tiny.safetensors"


TRAIN = ["--size", "32", "--epochs", "1", "--batch-size", "8", "--precision", "float32", "--device", "cpu"]
WRITERS = {
    "train": [*TRAIN, "--out", "m.safetensors"],
    "saliency": ["--ids", "0"],
    "lime": ["--ids", "0", "--samples", "20", "--segments", "8"],
    "dream": ["--steps", "2", "--every", "1"],
    "confusion": [],
    "sample": ["--out", "drawn", "--limit", "1"],
}


@posix
@pytest.mark.parametrize("command", WRITERS)
def test_a_full_disk_is_one_line_and_leaves_no_half_file(foodviz, sample_folder, tiny_model, full_disk, command):  # noqa: ARG001
    flags = [] if command == "sample" else ["--data", str(sample_folder)]
    flags += [] if command in ("sample", "train") else ["--model", tiny_model]
    before = {path for path in Path().rglob("*") if path.is_file()}
    result = foodviz(command, *flags, *WRITERS[command])
    assert result.exit_code == 1, result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert errors == result.stderr.splitlines()[-1:]
    assert "cannot be written (File too large)" in errors[0]
    assert "Traceback" not in result.stderr
    left = {path for path in Path().rglob("*") if path.is_file()} - before
    assert not [path for path in left if path.name.startswith(".") or not path.stat().st_size]


@posix
@pytest.mark.parametrize(("redirected", "code"), [(">/dev/full", 1), (">&-", 0), ("2>&-", 0), ("| true", None)])
def test_a_stdout_that_takes_nothing(redirected, code):
    if ">/dev/full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    for flag in ("--help", "--version"):
        line = f"{sys.executable} -m foodviz {flag} {redirected}"
        run = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
        assert code is None or run.returncode == code
        assert "Traceback" not in run.stderr
        assert "ignored" not in run.stderr
        assert len(run.stderr.splitlines()) <= 1


def test_a_terminal_without_the_letters(foodviz):  # noqa: ARG001
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    run = subprocess.run([*PYTHON, "layrs…"], capture_output=True, env=environment, check=False)
    assert run.returncode == 2
    assert b"layrs\\u2026" in run.stderr


# ---- the cache


def entry() -> Path:
    file = cache.cache_file("test", "key", suffix=".json")
    cache.save_json(file, {"accuracy": 0.125})
    return file


def test_a_cache_entry_with_a_changed_digit_is_not_believed():
    file = entry()
    assert cache.load_json(file) == {"accuracy": 0.125}
    content = file.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        file.write_bytes(changed)
        assert cache.load_json(file) is None
    for end in range(len(content)):
        file.write_bytes(content[:end])
        assert cache.load_json(file) is None


def test_a_cache_that_takes_nothing_costs_time_only(tmp_path, monkeypatch, full_disk):  # noqa: ARG001
    for place in (tmp_path / "file" / "x", Path("/proc/x"), Path("/dev/null/x"), tmp_path / ("n" * 300)):
        (tmp_path / "file").touch()
        monkeypatch.setenv("FOODVIZ_CACHE", str(place))
        assert cache.load_json(entry()) is None
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path))
    file = cache.cache_file("test", "large", suffix=".json")
    cache.save_json(file, "x" * 10_000)
    assert cache.load_json(file) is None
    assert list(file.parent.iterdir()) == []


@posix
def test_a_cache_entry_of_somebody_else_is_not_believed(monkeypatch):
    file = entry()
    monkeypatch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)
    assert cache.load_json(file) is None


@posix
def test_what_is_no_file_is_not_waited_for_in_the_cache():
    file = cache.cache_file("test", "pipe", suffix=".json")
    file.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(file)
    assert cache.load_json(file) is None


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def nobody():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("FOODVIZ_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert cache.load_json(entry()) is None


# ---- where results go


@pytest.mark.parametrize("out", ["", "/proc/x", "/dev/null/x", "file/x", "n" * 300])
@pytest.mark.parametrize("command", ["saliency", "train", "report", "rerun", "sample"])
def test_a_place_that_nothing_can_be_written_to_is_said_before_any_work(foodviz, monkeypatch, command, out):
    def no_work(*_arguments, **_settings):
        raise AssertionError("work was done")

    monkeypatch.setattr("foodviz.models.load", no_work)
    monkeypatch.setattr("foodviz.data.batch.batches", no_work)
    Path("file").touch()
    Path("a.json").write_text(json.dumps({"command": "saliency", "command_line": "", "settings": {"ids": [57]}}))
    result = foodviz(command, *(["a.json"] if command == "rerun" else []), "--out", out)
    assert result.exit_code in (1, 2)
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "--out" in result.stderr or "'--out'" in result.stderr or out in result.stderr
    assert {path.name for path in Path().iterdir()} == {"file", "a.json"}


def test_a_folder_is_no_file_and_an_odd_name_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(InputError, match="`out` '': give a folder"):
        ResultFolder("", "lime", "")
    write_bytes(Path("%(x)s"), b"1")
    check_writable("%(x)s")
    assert [path.name for path in tmp_path.iterdir()] == ["%(x)s"]
