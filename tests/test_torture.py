"""A slice of scripts/torture.py: bad and odd inputs end in results or in one line, each in a forked child."""

import functools
import importlib.util
import os
import random
import sys
from pathlib import Path

import pytest
from conftest import made_once

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
# How many cases of each kind, and the commands that are quick enough; 10 cases a test, so that workers share them.
SLICE = {"options": 60, "pictures": 40, "datasets": 20, "checkpoints": 40, "hostile": 20, "rerun": 20}
QUICK = ("saliency", "layers", "confusion", "rerun", "activations", "sample", "--config")
PART = 10

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture(scope="session")
def torture():
    """The driver, as a module."""
    sys.path.insert(0, str(SCRIPTS))
    spec = importlib.util.spec_from_file_location("torture_driver", SCRIPTS / "torture.py")
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    yield driver
    sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="session")
def runner(torture, tmp_path_factory):
    """A runner with its material; what is slow to make is made once for all workers."""
    work = made_once(tmp_path_factory, "torture", lambda folder: torture.prepared(folder, random.Random(0)) and None)
    return torture.prepared(work, random.Random(0), share=0.0)


@pytest.fixture(scope="session")
def quick(torture, runner):
    """The slice of a kind."""

    @functools.cache
    def of_kind(kind):
        cases = torture.drawn(kind, 0, runner, sys.maxsize)
        fit = [case for case in cases if not case.needs_the_command and case.args and case.args[0] in QUICK]
        return fit[: SLICE[kind]]

    return of_kind


@pytest.mark.parametrize(
    ("kind", "part"), [(kind, part) for kind, count in SLICE.items() for part in range(count // PART)]
)
def test_bad_and_odd_inputs_end_in_results_or_in_one_line(runner, quick, kind, part):
    before = len(runner.verdicts)
    runner.try_all(quick(kind)[part * PART : (part + 1) * PART])
    verdicts = runner.verdicts[before:]
    assert len(verdicts) == PART
    assert not [(verdict.name, verdict.wrong) for verdict in verdicts if verdict.wrong]


def test_the_driver_sees_what_is_wrong(runner):
    """Of a case that breaks every rule, each is said."""
    from torture.case import Case, Outcome, tree, wrong

    box = runner.work / "broken"
    for name in ("in", "out", "cwd"):
        (box / name).mkdir(parents=True)
    (box / "in/picture").write_text("a")
    before = tree(box)
    (box / "in/picture").write_text("changed")
    (box / "cwd/new").write_text("")
    (box / "out/half.npz").write_bytes(b"PK")
    (box / "out/.temporary").write_bytes(b"")
    (box / "canary").touch()
    outcome = Outcome(3, "", "Traceback (most recent call last)\n\x1b[31m", 0.0, 0)
    found = "; ".join(wrong(Case("", "", expect="fine"), box, before, outcome, box / "canary"))
    for part in ("exit code 3", "traceback", "control", "refused what must work", "CODE RAN", "outside", "changed"):
        assert part in found
    assert "half-written: half.npz" in found
    assert "temporary file left" in found
