"""Which class of a model a class of the data is, and which one a word means."""

import pytest

from foodviz.data import FOOD11, Split, find_class, match_classes
from foodviz.errors import InputError


def split_of(names, used=None, *, numbered=False):
    """A split with one picture of each class, or of those used."""
    labels = tuple(range(len(names)) if used is None else used)
    files = tuple(f"{label}_0.jpg" for label in labels)
    return Split("food", "training", files, labels, tuple(names), open=lambda _: b"", numbered=numbered)


def test_names_decide_whatever_the_order():
    order, remarks = match_classes(split_of(["rice", "Vegetable-Fruit"]), FOOD11)
    assert order == (7, 10)
    assert remarks == ["classes of the data and of the model stand in another order: matched by name"]
    assert match_classes(split_of(FOOD11), FOOD11) == (tuple(range(11)), [])


def test_numbers_decide_where_there_is_nothing_else():
    assert match_classes(split_of(FOOD11, numbered=True), [f"class {i}" for i in range(11)])[0] == tuple(range(11))
    with pytest.raises(InputError, match="the model only 5 classes"):
        match_classes(split_of(FOOD11, numbered=True), list("abcde"))


def test_nearly_the_same_name_is_said_and_another_one_is_an_error():
    order, remarks = match_classes(split_of(["Vegetables/Fruit", "Bread"]), FOOD11)
    assert order == (10, 0)
    assert "'Vegetables/Fruit' of the data is taken to be the model's 'Vegetable/Fruit'" in remarks[0]
    with pytest.raises(InputError, match="no class 'cats'"):
        match_classes(split_of(["cats", "Bread"]), FOOD11)


def test_a_class_is_found_by_number_name_and_beginning():
    assert [find_class(word, FOOD11) for word in ("7", "rice", "noodles pasta", "Veg")] == [7, 7, 6, 10]
    with pytest.raises(InputError, match="`class_name` D: no such class"):
        find_class("D", FOOD11, "class_name")
    with pytest.raises(InputError, match="`target` 11: the classes are numbered 0 to 10"):
        find_class("11", FOOD11)
