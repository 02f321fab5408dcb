"""The classes of a model that names none are called as the data, or nothing, says."""

import json

import pytest
from hues import hue_net, picture

from foodviz.data import FOOD11


@pytest.fixture
def twelve(tmp_path):
    """Folders 0 to 11, three pictures each of the colour of that number."""
    for number in range(12):
        for index in range(3):
            picture(tmp_path / "data" / "val" / str(number) / f"{index}.png", number)
    return tmp_path


def accuracy(foodviz, folder, flags, data="data"):
    result = foodviz("confusion", "--data", data, *flags, "--dpi", "40", "--out", "out")
    assert result.exit_code == 0, result.stderr
    return json.loads((folder / "out" / "confusion.json").read_text())["accuracy"], result.stderr


BY_FOLDER = sorted(range(12), key=str)


@pytest.mark.parametrize("order", [BY_FOLDER, list(range(12))])
def test_numbered_folders_are_taken_in_the_order_that_fits(foodviz, twelve, order):
    share, said = accuracy(foodviz, twelve, hue_net(twelve, order))
    assert share == 1
    assert "classes are numbers; right of 36 pictures in the order 0, 1, " in said


def test_a_checkpoints_own_order_decides(foodviz, twelve):
    net = hue_net(twelve, BY_FOLDER, class_to_idx={str(number): place for place, number in enumerate(BY_FOLDER)})
    share, said = accuracy(foodviz, twelve, net)
    assert share == 1
    assert "classes are numbers" not in said


def test_numbers_from_one_are_shifted_where_that_alone_fits(foodviz, tmp_path):
    for number in range(1, 4):
        picture(tmp_path / "data" / f"{number}_0.png", number - 1)
    assert accuracy(foodviz, tmp_path, hue_net(tmp_path, range(3)))[0] == 1


def test_a_split_without_one_of_the_classes(foodviz, tmp_path):
    for split, names in (("train", ("apple", "kiwi", "plum")), ("val", ("apple", "plum"))):
        for name in names:
            picture(tmp_path / "data" / split / name / "0.png", ("apple", "kiwi", "plum").index(name))
    assert accuracy(foodviz, tmp_path, hue_net(tmp_path, range(3)))[0] == 1


def test_some_of_food11s_classes_are_classes_of_their_own_or_of_all_eleven(foodviz, tmp_path):
    for name in ("Bread", "Egg"):
        picture(tmp_path / "data" / name / "0.png", FOOD11.index(name))
    assert accuracy(foodviz, tmp_path, hue_net(tmp_path, [0, 3]))[0] == 1
    assert accuracy(foodviz, tmp_path, hue_net(tmp_path, range(11)))[0] == 1


def test_eleven_outputs_are_no_food_unless_a_name_says_so(foodviz, tmp_path):
    picture(tmp_path / "x.png", 3)
    model, path, *rest = hue_net(tmp_path, range(11))
    result = foodviz("saliency", "--image", "x.png", model, path, *rest, "--trust", "none", "--dpi", "40")
    assert result.exit_code == 0
    assert "class 3 " in result.stdout
    assert "names no classes" in result.stderr
    (tmp_path / "net.pth").rename(tmp_path / "food11-net.pth")
    named = foodviz("saliency", "--image", "x.png", model, "food11-net.pth", *rest, "--trust", "none", "--dpi", "40")
    assert "Egg " in named.stdout
