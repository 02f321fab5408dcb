import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from foodviz.data.sample import scenes
from foodviz.data.sample.cutouts import STYLES, catalogue

CLASSES = range(11)


def pixels(split: str, name: str) -> np.ndarray:
    with Image.open(io.BytesIO(scenes.picture(split, name))) as opened:
        assert opened.format == "JPEG"
        assert opened.mode == "RGB"
        return np.asarray(opened)


def test_a_picture_follows_from_split_and_name_alone():
    first = scenes.picture("training", "0_15.jpg")
    scenes.picture("training", "7_3.jpg")
    assert scenes.picture("training", "0_15.jpg") == first
    assert scenes.picture("validation", "0_15.jpg") != first
    assert scenes.picture("training", "0_16.jpg") != first
    assert np.array_equal(scenes.mask("training", "0_15.jpg"), scenes.mask("training", "0_15.jpg"))


def test_every_food_in_the_catalogue_has_its_drawing_in_each_style():
    assert set(catalogue()) == set(CLASSES)
    for foods in catalogue().values():
        for styles in foods.values():
            assert set(styles) == set(STYLES)


@pytest.mark.parametrize("class_id", CLASSES)
def test_every_class_renders_with_a_main_food_of_its_own(class_id: int):
    for split in ("training", "validation", "evaluation"):
        name = f"{class_id}_7.jpg"
        assert pixels(split, name).shape == (scenes.SIZE, scenes.SIZE, 3)
        main = scenes.mask(split, name)
        assert main.shape == (scenes.SIZE, scenes.SIZE)
        assert main.dtype == np.bool_
        assert 0.05 < main.mean() < 0.6
        assert scenes.main_art(split, name).class_id == class_id


def test_pictures_are_neither_dull_nor_blown_out():
    light = np.stack([pixels("training", f"{n % 11}_{n}.jpg") for n in range(33)])
    assert 90 < light.mean() < 190
    assert light.std((1, 2, 3)).min() > 15
    assert (light == 255).mean() < 0.05


def test_main_food_covers_about_a_fifth_of_the_picture():
    shares = [scenes.mask("training", f"{n % 11}_{n}.jpg").mean() for n in range(110)]
    assert 0.17 < np.mean(shares) < 0.25
    assert min(shares) > 0.05


def test_mask_lies_on_the_food_of_the_picture():
    # On average over many scenes, colour changes far more across the mask's outline than along the ground.
    ratios = []
    for n in range(40):
        name = f"{n % 11}_{n}.jpg"
        grey = pixels("validation", name).astype(float).mean(2)
        main = scenes.mask("validation", name)
        step = np.abs(np.diff(grey, axis=1))
        outline = main[:, 1:] != main[:, :-1]
        ratios.append(step[outline].mean() / step[~outline].mean())
    assert np.mean(ratios) > 2.5


def test_one_style_is_rare_in_training_only():
    def shares(split: str) -> dict[str, float]:
        drawn = Counter(scenes.main_art(split, f"{n % 11}_{n}.jpg").style for n in range(1100))
        return {style: drawn[style] / 1100 for style in STYLES}

    assert 0.06 < shares("training")["twemoji"] < 0.14
    for split in ("validation", "evaluation"):
        assert all(0.28 < share < 0.39 for share in shares(split).values())


@pytest.mark.parametrize(
    ("split", "name"), [("holiday", "0_1.jpg"), ("training", "11_1.jpg"), ("training", "cake.jpg")]
)
def test_unknown_split_or_class_is_refused(split: str, name: str):
    with pytest.raises(ValueError, match=r"split|class number"):
        scenes.picture(split, name)
