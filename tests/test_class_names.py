"""Which class of a model a class of the data is, and which one a word means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    with pytest.raises(InputError, match="`class_name` Pizza: no such class"):
        find_class("Pizza", FOOD11, "class_name")
    with pytest.raises(InputError, match="`target` D: several classes begin so: Dairy product, Dessert"):
        find_class("D", FOOD11)
    with pytest.raises(InputError, match="`target` 11: the classes are numbered 0 to 10"):
        find_class("11", FOOD11)


def test_letters_decide_only_where_they_tell_the_classes_apart():
    model = ["Rice", "rice!", "🍜", "🍕"]
    assert match_classes(split_of(["🍕", "rice!"]), model)[0] == (3, 1)
    with pytest.raises(InputError, match="no class 'RICE'"):
        match_classes(split_of(["RICE"]), model)
    with pytest.raises(InputError, match="the classes 'Rice' and 'rice!' of the data are one to the model, 'Rice'"):
        match_classes(split_of(["Rice", "rice!"]), ["Bread", "Rice"])
    with pytest.raises(InputError, match="the model has several classes 'a'"):
        match_classes(split_of(["a", "b"]), ["a", "a", "b"])
    assert match_classes(split_of(["a", "a"]), ["a", "a"])[0] == (0, 1)


@pytest.mark.parametrize(
    "word", ["", "🍞", "!", "99", "٧", "-1", str(10**30), "9" * 5000, "a" * 5000, "\x1b[31m", "\udcff"]
)
def test_a_word_for_no_class_is_one_line(word):
    with pytest.raises(InputError, match=r"^`target` ") as caught:
        find_class(word, FOOD11)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_a_name_goes_before_a_number_and_before_its_letters():
    names = ["1", "10", "2", "Rice", "rice!"]
    assert [find_class(word, names) for word in ("2", "10", "Rice", "rice!", "4")] == [2, 1, 3, 4, 4]
    with pytest.raises(InputError, match="several classes begin so: Rice, rice!"):
        find_class("RICE", names)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=8, unique=True), st.randoms())
def test_the_same_names_in_any_order_are_matched_exactly(names, random):
    of_model = list(names)
    random.shuffle(of_model)
    order, _ = match_classes(split_of(names), of_model)
    assert [of_model[index] for index in order] == names
