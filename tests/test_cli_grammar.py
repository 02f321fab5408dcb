"""Flags, layer names and config files as grammars: whatever is written, there is an answer or one line."""

import re
import tomllib

import click
import pytest
import torch
from click.testing import CliRunner
from conftest import command_line
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from foodviz import cli as shell
from foodviz.cli.config import read_config
from foodviz.cli.greedy import GreedyCommand, _pieces
from foodviz.errors import InputError
from foodviz.models import Classifier, resolve

VALUES = st.one_of(
    st.text(max_size=12), st.sampled_from(["57", "-1", "-2.5", "a,b", ",", ",,", "", "0_15.jpg", "--", "-", "=", "x=y"])
)
FLAGS = st.sampled_from(
    ["--ids", "--ids=", "--ids=1,2", "--layer", "--layer=", "--quiet", "--filter", "--filters", "-h"]
)


@click.command(cls=GreedyCommand)
@click.option("--ids", multiple=True)
@click.option("--filter", "--filters", "filters", multiple=True)
@click.option("--layer")
@click.option("--quiet", is_flag=True)
@click.argument("file", required=False)
def command(**flags):
    command.given = flags


def parsed(arguments):
    """What the command was given, None where click refuses the line."""
    command.given = None
    done = CliRunner().invoke(command, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 2)
    assert (command.given is not None) == (done.exit_code == 0 and "Usage" not in done.output)
    return command.given


@given(st.lists(FLAGS | VALUES, max_size=10))
def test_any_words_are_parsed_or_refused(arguments):
    parsed(arguments)


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters=",", exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUE = PLAIN.filter(lambda text: not text.startswith("-"))
WRITTEN = st.sampled_from(["--ids 1 2", "--ids 1 --ids 2", "--ids=1 2", "--ids 1,2"])


@given(st.lists(VALUE, min_size=1, max_size=6), st.lists(VALUE, max_size=3), st.data())
def test_values_keep_their_order_however_they_are_spread_over_flags(ids, filters, data):
    words = []
    left = list(ids)
    while left:
        count = data.draw(st.integers(1, len(left)))
        piece, left = left[:count], left[count:]
        how = data.draw(st.sampled_from(["words", "commas", "equals"]))
        words += ["--ids", *piece] if how == "words" else ["--ids", ",".join(piece)] if how == "commas" else []
        words += [f"--ids={','.join(piece)}"] if how == "equals" else []
    words += ["--quiet"] if data.draw(st.booleans()) else []
    words += ["--filters", *filters] if filters else []
    given_ = parsed(words)
    assert given_["ids"] == tuple(ids)
    assert given_["filters"] == tuple(filters)


def test_a_comma_in_a_files_name_divides_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b.jpg").touch()
    assert _pieces("a,b.jpg") == ["a,b.jpg"]
    assert _pieces("a,c.jpg") == ["a", "c.jpg"]


@given(st.lists(st.integers(-99, 99), min_size=1, max_size=5))
def test_negative_numbers_are_values(numbers):
    assert parsed(["--filters", *map(str, numbers)])["filters"] == tuple(map(str, numbers))
    assert parsed(["--layer", str(numbers[0])])["layer"] == str(numbers[0])


@pytest.mark.parametrize("name", ["saliency", "dream", "confusion", "train"])
@given(st.lists(VALUES | FLAGS, max_size=6))
def test_every_command_parses_or_refuses_any_words(name, arguments):
    """Parsing alone: nothing is opened."""
    context = click.Context(shell.cli, info_name="foodviz")
    of_shell = shell.cli.get_command(context, name)
    try:
        of_shell.make_context(name, list(arguments), parent=context)
    except click.exceptions.Exit as leave:
        assert leave.exit_code == 0  # noqa: PT017
    except click.UsageError as refused:
        assert refused.format_message()  # noqa: PT017


# ---------------------------------------------------------------- layer names


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    stack = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.MaxPool2d(2))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    return Classifier(nn.Sequential(stack, head).eval(), ["a", "b", "c"], (16, 16))


PIECES = st.sampled_from(
    ["0", "1", "3", "-1", "00", "2.5", "", " ", "conv", "weight", "__class__", "network", "\x1b", "٣"]
)
NAMES = st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=4).map(".".join), st.integers(-99, 99).map(str))


@given(requested=NAMES)
def test_a_layer_name_is_resolved_or_refused_in_one_line(classifier, requested):
    try:
        layer = resolve(classifier, requested)
    except InputError as refused:
        assert "\n" not in str(refused)  # noqa: PT017
        assert len(str(refused)) < 500  # noqa: PT017
    else:
        assert classifier.network.get_submodule(layer.name) is layer.module
        assert requested in (layer.name, f"network.{layer.name}") or re.fullmatch(r"\s*-?\w+\s*", requested)


@given(index=st.integers(-5, 4))
def test_a_number_is_a_place_in_the_stack(classifier, index):
    layer = resolve(classifier, str(index))
    assert layer.module is classifier.network[0][index]
    assert resolve(classifier, layer.name).module is layer.module


# ---------------------------------------------------------------- config files

KEYS = st.sampled_from(
    ["ids", "layer", "seed", "dpi", "data", "noise", "quiet", "idss", "config", "help", "out", "json"]
)
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(st.characters(codec="utf-8"), max_size=8)
)


def toml(value):
    """The value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(sign):08x}" for sign in value) + '"'
    return str(value)


CONTENTS = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)
TABLES = st.dictionaries(st.sampled_from(["saliency", "lime", "report", "rerun", "nope", "ids"]), CONTENTS, max_size=3)


def read(tmp_path_factory, content):
    """The defaults of a config file, None where it is refused in one line."""
    path = tmp_path_factory.getbasetemp() / "grammar.toml"
    path.write_bytes(content)
    context = click.Context(shell.cli, info_name="foodviz")
    line = ""
    try:
        return read_config(path, context)
    except InputError as refused:
        line = str(refused)
    assert line
    assert len(line.replace(str(path), "").splitlines()) == 1
    assert len(line) < 600 + len(str(path))
    return None


@given(CONTENTS, TABLES)
def test_known_keys_become_defaults_and_unknown_ones_are_named(tmp_path_factory, shared, tables):
    lines = [f"{key} = {toml(value)}" for key, value in shared.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in table.items())]
    text = "\n".join(lines).encode()
    try:
        content = tomllib.loads(text.decode())
    except tomllib.TOMLDecodeError:  # a table named like a key
        content = None
    defaults = read(tmp_path_factory, text)
    if defaults is not None:
        assert content is not None
        assert not {"idss", "config", "help", "json"} & shared.keys()
        assert "nope" not in tables
        for name in {"saliency", "lime", "report", "rerun"} & tables.keys():
            assert tables[name].keys() <= defaults[name].keys()


@given(st.binary(max_size=60) | st.text(st.sampled_from("[]={}'\"#\n ,.1ids-"), max_size=40).map(str.encode))
def test_any_bytes_are_a_config_or_one_line(tmp_path_factory, content):
    read(tmp_path_factory, content)


@given(st.sampled_from(["ids", "dpi", "quiet", "seed", "method", "noise"]), SCALARS | st.lists(SCALARS, max_size=3))
def test_a_value_of_any_type_is_taken_or_refused_in_one_line(tmp_path_factory, key, value):
    path = tmp_path_factory.getbasetemp() / "value.toml"
    path.write_text(f"{key} = {toml(value)}", encoding="utf-8")
    done = command_line(
        "--config", str(path), "saliency", "--data", str(path.with_name("nowhere")), "--out", str(path.parent / "out")
    )
    assert done.exit_code in (1, 2)
    assert len(done.stderr.strip().splitlines()) == 1
