"""A slice of scripts/torture.py: bad and odd inputs end in results or in one line, each in a forked child."""

import functools
import importlib.util
import os
import sys
from itertools import islice
from pathlib import Path

import pytest
from conftest import made_once

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
# How many cases of each kind, and the commands that are quick enough; 10 cases a test, so that workers share them.
SLICE = {"options": 70, "pictures": 30, "datasets": 20, "checkpoints": 40, "hostile": 10, "rerun": 30}
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
    return torture.prepared(made_once(tmp_path_factory, "torture", torture.prepared), patience=20)


@pytest.fixture(scope="session")
def quick(torture, runner):
    """The slice of a kind."""

    @functools.cache
    def of_kind(kind):
        cases = torture.cases_of(kind, "0", runner)
        fit = (case for case in cases if case.args and case.args[0] in QUICK and not case.nobody)
        return list(islice(fit, SLICE[kind]))

    return of_kind


@pytest.mark.parametrize(
    ("kind", "part"), [(kind, part) for kind, count in SLICE.items() for part in range(count // PART)]
)
def test_bad_and_odd_inputs_end_in_results_or_in_one_line(runner, quick, kind, part):
    assert runner.try_all(quick(kind)[part * PART : (part + 1) * PART]) == PART
    assert not [(verdict["name"], verdict["wrong"]) for verdict in runner.verdicts[-PART:] if verdict["wrong"]]


def test_a_line_of_a_table_is_each_of_its_commands_with_each_of_its_inputs(torture, runner):
    from torture.table import quick, spread

    assert spread("{a,b}/{1..3}") == ["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"]
    # what makes a command quick comes first, and gives way to what the line says
    assert quick("layers stray") == ("layers", "--ids", "57", "stray")
    assert quick("saliency --data x --dpi 30") == (
        "saliency",
        "--trust",
        "none",
        "--out",
        "@OUT",
        "--data",
        "x",
        "--dpi",
        "30",
    )
    assert "--ids" not in quick("reliance")
    names = [case.name for kind in torture.KINDS for case in islice(torture.cases_of(kind, "0", runner), 150)]
    assert len(set(names)) >= 149 * len(torture.KINDS)
    again = [case.name for kind in torture.KINDS for case in islice(torture.cases_of(kind, "0", runner), 150)]
    assert names == again


def test_the_driver_sees_what_is_wrong(runner):
    """Of a case that breaks every rule, each is said."""
    from torture.case import Case, Outcome, tree, wrong

    box = runner.work / "broken"
    for name in ("in", "out", "cwd"):
        (box / name).mkdir(parents=True)
    (box / "in/picture").write_text("a")
    os.utime(box / "in/picture", (0, 0))
    before = tree(box)
    (box / "in/picture").write_text("changed")
    (box / "cwd/new").write_text("")
    (box / "out/half.npz").write_bytes(b"PK")
    (box / "out/.temporary").write_bytes(b"")
    (box / "canary").touch()
    outcome = Outcome(3, "", "Traceback (most recent call last)\n\x1b[31m", 0.0, 0)
    found = "; ".join(wrong(Case("", "", expect="fine"), box, before, outcome))
    for part in ("exit code 3", "traceback", "0 error lines", "CODE RAN", "outside of --out: cwd/new", "changed: in"):
        assert part in found
    assert "half-written: half.npz" in found
    assert "temporary file left" in found
    assert "control" in "; ".join(wrong(Case("", ""), box, before, Outcome(0, "\x07")))
