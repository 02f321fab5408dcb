"""The text for a stack of layers: a closed grammar, read whole or refused in one line; what it names is built."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from foodviz.errors import InputError
from foodviz.models.guess.modules import MOST_INDICES, indices_of, parts_of
from foodviz.models.guess.stack import PARAMETERLESS, Stack, build_stack, is_stack, parameterless, parse, text_of
from foodviz.printable import printable


def weights(**more):
    """Of cnn.0 convolution, cnn.1 norm, then anything at cnn.2 and cnn.3, cnn.4 convolution, and fc of 3 classes."""
    net = nn.ModuleDict(
        {
            "cnn": nn.ModuleDict({"0": nn.Conv2d(3, 4, 3), "1": nn.BatchNorm2d(4), "4": nn.Conv2d(4, 4, 3)}),
            "fc": nn.Linear(4, 3),
        }
    )
    return net.state_dict() | more


def test_a_text_says_what_stands_where():
    network, size = build_stack(weights(), "stack; ReLU: cnn.2; MaxPool2d(3, 2, 1): cnn.3; join: Flatten; input: 64")
    assert size == (64, 64)
    assert [type(module).__name__ for module in network.cnn] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Conv2d"]
    assert (network.cnn[3].kernel_size, network.cnn[3].stride, network.cnn[3].padding) == (3, 2, 1)
    assert list(dict(network.named_children())) == ["cnn", "join", "fc"]
    assert build_stack(weights(), "stack; Conv2d(2, 1): cnn.4")[0].cnn[4].stride == (2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stack; ReLU cnn.2", "not of the form"),
        ("stack; ReLU: cnn.2: cnn.3", "not of the form"),
        ("stack; ReLU:", "not of the form"),
        ("stack; Relu: cnn.2", "did you mean 'ReLU'"),
        ("stack; os.system: cnn.2", "is no layer"),
        ("stack; __import__: cnn.2", "no layer"),
        ("stack; ReLU(: cnn.2", "is no layer"),
        ("stack; LeakyReLU(0.1: cnn.2", "is no layer"),
        ("stack; LeakyReLU(1.2.3): cnn.2", "out of range"),
        ("stack; LeakyReLU(nan): cnn.2", "out of range"),
        ("stack; LeakyReLU(-1): cnn.2", "out of range"),
        ("stack; LeakyReLU(٣): cnn.2", "out of range"),
        ("stack; ReLU(1): cnn.2", "takes 0 to 0"),
        ("stack; MaxPool2d: cnn.2", "takes 1 to 3"),
        ("stack; MaxPool2d(2.5): cnn.2", "out of range"),
        ("stack; AdaptiveAvgPool2d(65): cnn.2", "out of range"),
        ("stack; AdaptiveAvgPool2d(5000): cnn.2", "out of range"),
        ("stack; ReLU: cnn.0", "stands a convolution"),
        ("stack; ReLU: fc", "stands a layer with weights"),
        ("stack; ReLU: cnn.2 cnn.2.0", "no place"),
        ("stack; ReLU: cnn.2.0 cnn.2", "no place"),
        ("stack; ReLU: cnn.2; ELU: cnn.2", "named twice"),
        ("stack; ReLU: join", "cannot be named"),
        ("stack; ReLU: cnn", "no place"),
        ("stack; ReLU: cnn.02", "no place"),
        ("stack; ReLU: body.1", "no place"),
        ("stack; ReLU: cnn.99999", "no place"),
        ("stack; ReLU: cnn.9999", "more than"),
        ("stack; ReLU: " + " ".join(f"cnn.{a}.4000" for a in range(5, 9)), "more than"),
        ("stack; input: 1000000", "pixels"),
        ("stack; input: 7", "pixels"),
        ("stack; input: ٩٩", "pixels"),
        ("stack; Conv2d(0, 0): cnn.0", "kernel"),
        ("stack; Conv2d(1, 9): cnn.0", "kernel"),
        ("stack; Conv2d(1, 1, 1): cnn.0", "kernel"),
        ("stack; Conv2d(1.5): cnn.0", "kernel"),
    ],
)
def test_a_wrong_text_is_named(text, message):
    with pytest.raises(InputError, match=f"^`arch` stack: .*{message}") as refused:
        build_stack(weights(), text)
    assert len(str(refused.value)) < 400


def test_no_head_no_join():
    with pytest.raises(InputError, match="no head"):
        build_stack({"0.weight": torch.zeros(4, 3, 3, 3), "3.weight": torch.zeros(3, 4)}, "stack; join: ReLU")


def test_names_that_the_network_uses_itself_are_still_names():
    """A head called `head`, and layers called `join` or `forward`."""
    layers = {"body.0.weight": torch.zeros(4, 3, 3, 3), "head.weight": torch.zeros(3, 4)}
    network, _ = build_stack(layers, "stack; join: AdaptiveAvgPool2d(1)")
    assert list(dict(network.named_children())) == ["body", "join", "head"]
    with pytest.raises(InputError, match="cannot be called _head"):
        build_stack({"cnn.0.weight": torch.zeros(4, 3, 3, 3), "_head.weight": torch.zeros(3, 4)}, "stack")
    for name in ("forward", "training", "state_dict"):
        assert parts_of({f"{name}.0.weight": torch.zeros(4, 3, 3, 3), "head.weight": torch.zeros(3, 4)}) is None
    with pytest.raises(InputError, match="no head"):
        build_stack({"cnn.0.weight": torch.zeros(4, 3, 3, 3), "join.weight": torch.zeros(3, 4)}, "stack; join: ReLU")


@pytest.mark.parametrize("name", ["02", "2 ", "٢", "+2", "-2", "2.0x", "99999", ""])
def test_an_index_is_written_as_python_prints_it(name):
    assert indices_of(f"cnn.{name}") is None


def test_a_key_with_one_wrong_letter_is_no_other_layers():
    """`12.weight` that became `02.weight` was taken for the layer with index 2."""
    layers = {"0.weight": torch.zeros(4, 3, 3, 3), "2.bias": torch.zeros(3), "02.weight": torch.zeros(3, 4)}
    assert parts_of(layers) is None


def test_children_without_end_are_no_stack():
    layers = {f"m{index}.0.weight": torch.zeros(3, 3, 1, 1) for index in range(1001)}
    assert parts_of(layers | {"fc.weight": torch.zeros(3, 3)}) is None


def test_indices_cannot_fill_the_memory():
    layers = {f"cnn.{index}.4000.weight": torch.zeros(3, 3, 1, 1) for index in range(3)}
    assert parts_of(layers | {"fc.weight": torch.zeros(3, 3)}) is None
    assert parts_of({f"cnn.{MOST_INDICES}.weight": torch.zeros(3, 3, 1, 1), "fc.weight": torch.zeros(3, 3)}) is None


KINDS = st.sampled_from([*PARAMETERLESS, "Conv2d", "Relu", "", "x" * 50]) | st.text(max_size=6)
NUMBERS = st.lists(
    st.sampled_from(["0", "1", "2", "3", "0.1", "64", "65", "-1", "1e9", "", "nan", "9" * 400]), max_size=4
)
CALLS = st.builds(lambda kind, numbers: f"{kind}({', '.join(numbers)})" if numbers else kind, KINDS, NUMBERS)
PATHS = st.sampled_from(["cnn.2", "cnn.3", "cnn.5", "cnn.0", "fc", "fc+1", "cnn.2.0", "join", "input", "x"]) | st.text(
    max_size=5
)
ITEMS = st.builds(lambda kind, paths: f"{kind}: {' '.join(paths)}", CALLS, st.lists(PATHS, max_size=3))
TEXTS = st.lists(ITEMS | st.sampled_from(["input: 64", "input: 64x96"]) | st.text(max_size=9), max_size=5).map(
    lambda items: "; ".join(["stack", *items])
)


@given(TEXTS)
@example("stack; ReLU: \ud7fc")  # a letter that is none yet
def test_any_text_is_built_or_refused_in_one_line(text):
    assert is_stack(text)
    line = ""
    try:
        fillings, size = parse(text)
        assert parse(text_of(fillings, size)) == (fillings, size)
        network, _ = build_stack(weights(), text)
        assert isinstance(network, Stack)
    except InputError as refused:
        line = str(refused)
    assert len(line) < 500
    assert len(line.splitlines()) <= 1
    assert printable(line, 1000) == line


@given(CALLS)
def test_any_layer_is_made_or_refused(kind):
    try:
        assert isinstance(parameterless(kind), nn.Module)
    except InputError:
        return
