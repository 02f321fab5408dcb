"""Every command of the README works as it stands there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from foodviz.cli import COMMANDS, cli
from foodviz.data.sample.listing import COUNTS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^ {4}(foodviz .*?)(?: +#.*)?$", README, re.MULTILINE)
# Upper-case words stand for the reader's own files, and training takes an hour: such lines are parsed, not run.
SHOWN_ONLY = re.compile(r"\b(FOLDER|FILE|MANIFEST|DIR)\b|foodviz train|--(check|limit all|scan all)\b")

# What a line leaves to the defaults is done a few times instead of some hundred, on a few pictures of some thousand.
SHORT = """
[inspect]
count = 44
few = 22
[filters]
steps = 24
scan = "150"
[lime]
samples = "120"
[reliance]
limit = 11
[dream]
steps = 10
[evaluate]
limit = 2
method = ["gradient", "gradcam"]
[atlas]
steps = 2
scan = "20"
"""
FEW = {"validation": (10,) * 11, "evaluation": (5,) * 11}


@pytest.fixture
def _short(monkeypatch, tmp_path):
    (tmp_path / "short.toml").write_text(SHORT)
    monkeypatch.setenv("FOODVIZ_CONFIG", str(tmp_path / "short.toml"))
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "cache"))
    for split, counts in FEW.items():
        monkeypatch.setitem(COUNTS, split, counts)


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("line", list(dict.fromkeys(LINES)))
def test_a_command_of_the_readme_works(foodviz, line):
    arguments = shlex.split(line)[1:]
    if SHOWN_ONLY.search(line):
        name = next(argument for argument in arguments if argument in COMMANDS)
        command = cli.get_command(click.Context(cli), name)
        command.make_context(name, arguments[arguments.index(name) + 1 :])
        return
    result = foodviz(*arguments)
    assert result.exit_code == 0, result.stderr


def test_every_command_and_picture_is_in_the_readme():
    used = {word for line in LINES for word in shlex.split(line)}
    assert not COMMANDS.keys() - used
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_commands_of_the_scripts_are_those_of_the_readme():
    for script in ("demo", "test"):
        assert f"    scripts/{script}" in README
        assert (ROOT / "scripts" / script).stat().st_mode & 0o111
    assert "exec scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
