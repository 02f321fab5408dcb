"""What a checkpoint says of itself: read whole or refused in one line, whatever a stranger wrote there."""

import base64
import json
import re

import pytest
import torch
from conftest import fuzzed, same_answers
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from foodviz.errors import InputError
from foodviz.models import Classifier, Declared, load
from foodviz.models.architectures import build
from foodviz.models.files.own_format import clean_names, declared_by, save, seen_digests, was_seen
from foodviz.models.files.text import clean

GOOD = {
    "architecture": "vgg16_bn-slim",
    "class_names": ["Bread", "Rice", "Soup"],
    "input_size": [32, 48],
    "mean": [0.5, 0.25, 0],
    "std": [1, 0.5, 2.0],
    "bgr": True,
    "training": {"epochs": [{"loss": 1.5}]},
    "trained_on": base64.b64encode(bytes(12)).decode(),
}


def declared(content):
    return declared_by({"foodviz": content if isinstance(content, str) else json.dumps(content)})


def test_what_is_sound_is_declared():
    whole = declared(GOOD)
    assert (whole.architecture, whole.class_names) == ("vgg16_bn-slim", ("Bread", "Rice", "Soup"))
    assert (whole.input_size, whole.mean, whole.std) == ((32, 48), (0.5, 0.25, 0.0), (1.0, 0.5, 2.0))
    assert (whole.bgr, whole.training, seen_digests(whole.trained_on)) == (True, GOOD["training"], {bytes(6)})
    for name in GOOD:
        silent = declared({key: value for key, value in GOOD.items() if key != name})
        assert getattr(silent, name) is None


WRONG = {
    "architecture": [5, None, [], {}, "", "x" * 20_001],
    "class_names": [None, 5, "Bread", [], [1, 2, 3], [None], [[]], [""], ["a", "a"], ["a\n", "a"], {"a": 1}],
    "input_size": [None, 5, "128", [128], [128] * 3, [0, 0], [7, 8], [8, 2049], [20000, 20000], [128.0, 128.5]],
    "mean": [
        None,
        5,
        "abc",
        [0.5],
        [0.5] * 4,
        ["a"] * 3,
        [[0.5]] * 3,
        [10**400] * 3,
        [-1e30] * 3,
        [True] * 3,
        [None] * 3,
    ],
    "std": [None, [0, 1, 1], [-1] * 3, [1e-40] * 3, [1e30] * 3, ["1"] * 3],
    "bgr": [None, 0, 1, "no", []],
    "training": [None, 5, "x", []],
    "trained_on": [None, 5, "x", "====", "é", "AAAA", []],
}
WRONG["input_size"] += [[True, True], [2**70, 2**70], {}, [None, None]]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_of_the_wrong_kind_is_refused_by_the_fields_name(name, value):
    with pytest.raises(InputError, match=f"^its metadata .*{name}") as refused:
        declared(GOOD | {name: value})
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("name", ["mean", "std"])
def test_numbers_that_are_none_are_refused(name, number):
    with pytest.raises(InputError, match=name):
        declared(f'{{"{name}": [0.5, {number}, 0.5]}}')


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "5", "null", "true", '"x"', "{", '{"mean":', "{" * 100_000, "[" * 100_000]
)
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InputError, match="its metadata is no JSON"):
        declared(text)


def test_text_without_end_is_refused_unread():
    with pytest.raises(InputError, match="longer"):
        declared(" " * 16_000_001)


def test_a_diverged_training_may_record_what_is_no_number():
    assert declared('{"training": {"loss": NaN}}').training == {"loss": None}


def test_a_field_with_a_wrong_letter_is_refused():
    with pytest.raises(InputError, match="did you mean 'class_names'"):
        declared({"class_nbmes": ["a"]})
    with pytest.raises(InputError, match=r"field .*x1bred"):
        declared({"\x1bred\n": 1})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NEAR = st.fixed_dictionaries({}, optional={name: st.just(value) | JSON for name, value in GOOD.items()})
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]")


def one_line_or_sound(text):
    """What is declared is of known types and sizes; what is not is refused in one clean line."""
    line, found = "", Declared()
    try:
        found = declared(text)
    except InputError as refused:
        line = str(refused)
    assert not CONTROLS.search(line)
    assert len(line) < 400
    for name in found.class_names or ():
        assert 0 < len(name) <= 100
        assert not CONTROLS.search(name)
    for figure in (*(found.mean or ()), *(found.std or (1.0,))):
        assert -1e6 <= figure <= 1e6
    assert min(found.std or (1.0,)) > 0
    assert all(8 <= side <= 2048 for side in found.input_size or ())


@fuzzed
@given(NEAR | JSON)
def test_any_json_is_read_or_refused(content):
    one_line_or_sound(json.dumps(content))


@fuzzed
@given(st.data())
def test_damaged_json_is_read_or_refused(data):
    text = bytearray(json.dumps(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    cut = data.draw(st.integers(0, len(text)) | st.just(len(text)))
    one_line_or_sound(text[:cut].decode("latin1"))


@fuzzed
@given(st.text())
def test_class_names_of_a_stranger_are_taken_or_left(text):
    found = declared_by({"class_names": text})
    assert found.class_names is None or all(found.class_names)


@given(st.lists(st.text(max_size=120), max_size=8))
def test_what_save_writes_as_class_names_is_taken_back(names):
    cleaned = clean_names(names)
    assert len(cleaned) == len(names)
    assert not names or declared({"class_names": list(cleaned)}).class_names == cleaned


@given(st.text(max_size=300))
def test_a_clean_name_is_one_short_line_and_stays_so(name):
    cleaned = clean(name)
    assert len(cleaned) <= 100
    assert not CONTROLS.search(cleaned)
    assert clean(cleaned) == cleaned


def test_names_are_cleaned_and_emoji_stay_whole():
    assert declared({"class_names": ["a", "\u2028\x1b"]}).class_names == ("a", "class 1")
    assert declared({"class_names": ["\u2028", "class 0"]}).class_names == ("class 0?", "class 0")
    assert clean_names(["a\x1b[31mb", "x" * 300, "👩‍🍳", "a\nb", "a b", "\u202eevil"]) == (
        "a[31mb",
        "x" * 99 + "…",
        "👩‍🍳",
        "a b",
        "a b (4)",
        "evil",
    )


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = Classifier(build("vgg16_bn-slim", 3), ["Bread", "Rice", "Soup"], (32, 48), mean=(0.1, 0.2, 0.3), bgr=True)
    save(tmp_path / "a", model, "vgg16_bn-slim", {"epochs": 3}, ["ab" * 32], half=False)
    return model, tmp_path / "a"


@pytest.mark.parametrize("name", ["a", "\udcff.safetensors", "new\nline"])
def test_a_checkpoint_comes_back_as_it_was(saved, name):
    model, path = saved
    again = load(str(path.rename(path.with_name(name))))
    images = torch.rand(1, 3, 32, 48)
    same_answers(again, model, images)
    assert again.class_names == model.class_names
    assert (again.input_size, again.bgr) == ((32, 48), True)
    assert again.origin.declared.training == {"epochs": 3}
    seen = seen_digests(again.origin.declared.trained_on)
    assert was_seen(seen, "ab" * 32)
    assert not was_seen(seen, "cd" * 32)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"class_names": ["a", "b"], "architecture": "vgg16_bn-slim"}, "2 class_names, its weights 3 classes"),
        ({"class_names": ["a", "a", "b"]}, "twice"),
        ({"architecture": "os:system"}, "names code"),
        ({"architecture": "stack; ReLU(cnn.2"}, "not of the form"),
        ({"architecture": "hw5-sample"}, "do not fit hw5-sample"),
        ({"input_size": [1, 1]}, "input_size"),
        ({"input_size": [8, 8]}, "does not run on pictures of 8x8"),
    ],
)
def test_a_file_that_says_wrong_things_is_named(saved, content, line):
    path = saved[1]
    save_file(load_file(path), path, metadata={"foodviz": json.dumps(content)})
    with pytest.raises(InputError, match=f"^`model` {re.escape(str(path))}: .*{line}"):
        load(str(path))
