"""Reading a stranger's file runs none of its code: no foreign source, no process, no socket, nothing written."""

import os
import sys
import sysconfig
from pathlib import Path

import pytest
import test_weights
import torch
from conftest import CODE_AS_ARCHITECTURE
from safetensors.torch import save_file
from test_weights import CONTAINERS, FORMS, NETS, Evil

from foodviz.errors import InputError
from foodviz.models import load

FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "os.fork", "os.spawn", "ctypes.dlopen")
INSTALLED = map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))
PACKAGES = {Path(__file__).parents[1] / "foodviz", Path(torch.__file__).parents[1], *INSTALLED}
KNOWN = tuple(str(Path(folder).resolve()) for folder in PACKAGES)
EVIL = {f"evil {name}": write for name, write in CONTAINERS.items()}
watching = False
seen: list[str] = []


def watch(event, arguments):
    if not watching:
        return
    if event.startswith(FORBIDDEN):
        seen.append(f"{event} {arguments[:1]}")
    elif event == "exec":
        file = getattr(arguments[0], "co_filename", "")
        if not file.startswith(("<", *KNOWN)) and not str(Path(file).resolve()).startswith(KNOWN):
            seen.append(f"code of {file}")
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        cached = "__pycache__" in str(arguments[0]) or str(arguments[0]).startswith(os.environ["FOODVIZ_CACHE"])
        seen.extend([] if cached else [f"{arguments[0]} written"])


sys.addaudithook(watch)  # cannot be taken back: it sleeps outside of these tests


@pytest.fixture
def audited():
    """The events of what runs from here on that no reading of a file may cause."""
    global watching
    seen.clear()
    watching = True
    yield seen
    watching = False
    assert not seen


@pytest.fixture
def file(request, tmp_path, monkeypatch):
    """A checkpoint of one form, or one that would run code, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("evil.py", "stack.py", "net.py"):
        (tmp_path / name).write_text("raise SystemExit('run')\n")
    if request.param in FORMS:
        FORMS[request.param](NETS["relu"](), tmp_path / "a")
    elif request.param in EVIL:
        EVIL[request.param](Evil(), tmp_path / "a")
    else:
        weights = {name: value.clone() for name, value in NETS["relu"]().state_dict().items()}
        save_file(weights, tmp_path / "a", {"foodviz": f'{{"architecture": "{request.param}"}}'})
    return tmp_path / "a"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("file", [*FORMS, *EVIL, *CODE_AS_ARCHITECTURE], indirect=True)
def test_a_file_runs_nothing(file, audited):
    try:
        load(str(file)).identity  # noqa: B018
    except InputError:
        assert not audited


def test_the_watch_sees_what_it_is_for(tmp_path, monkeypatch):
    global watching
    monkeypatch.chdir(tmp_path)
    CONTAINERS["zip"](Evil(), tmp_path / "a")
    (tmp_path / "own.py").write_text("x = 1\n")
    seen.clear()
    watching = True
    with pytest.raises(InputError):
        load("a", allow_code=True)
    with pytest.raises(InputError):
        load(test_weights.__file__, arch="own.py:Net")
    with pytest.raises(InputError):
        load("sample", arch="own.py:Net")
    watching = False
    assert any("os.system" in each for each in seen)
    assert any("own.py" in each for each in seen)
    seen.clear()
