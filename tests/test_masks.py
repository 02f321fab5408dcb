"""Where the object of a picture is: a folder of masks, or a guess."""

import os

import numpy as np
import pytest
from PIL import Image

from foodviz.data import open_dataset, open_files
from foodviz.data.masks import estimated, with_masks
from foodviz.data.split import resized_mask
from foodviz.errors import InputError


def white(path, box, size=(20, 20)):
    mask = np.zeros(size, np.uint8)
    mask[box] = 255
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(mask).save(path)


def test_masks_of_a_folder_are_found_by_the_pictures_name(tmp_path, sample_folder):
    split = open_dataset(str(sample_folder)).split("validation")
    name = split.names[0]
    assert split.mask(0) is None
    white(tmp_path / "given" / f"{name.removesuffix('.jpg')}.png", np.s_[2:9, 3:8])
    given = with_masks(split, tmp_path / "given")
    assert given.mask(0).sum() == 35
    assert given.mask(1) is None
    assert given.fingerprint == split.fingerprint
    assert given.masks_digest != split.masks_digest
    files = with_masks(open_files([str(sample_folder / "validation" / name)]), tmp_path / "given")
    assert np.array_equal(files.mask(0), given.mask(0))


def test_a_changed_mask_changes_the_digest(tmp_path, sample_folder):
    split = open_dataset(str(sample_folder)).split("validation")
    path = tmp_path / "given" / f"{split.names[0].removesuffix('.jpg')}.png"
    white(path, np.s_[2:9, 3:8])
    before = with_masks(split, tmp_path / "given").masks_digest
    assert with_masks(split, tmp_path / "given").masks_digest == before
    os.utime(path, ns=(1, 1))
    assert with_masks(split, tmp_path / "given").masks_digest != before


def test_a_folder_that_is_not_there_and_a_damaged_mask_are_named(tmp_path, sample_folder):
    split = open_dataset(str(sample_folder)).split("validation")
    with pytest.raises(InputError, match=r"`masks` .*nowhere: no such folder"):
        with_masks(split, tmp_path / "nowhere")
    broken = tmp_path / f"{split.names[0].removesuffix('.jpg')}.png"
    broken.write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=broken.name):
        with_masks(split, tmp_path).mask(0)


@pytest.mark.parametrize("size", [(64, 64), (40, 90)])
def test_what_stands_out_in_the_middle_is_taken_for_the_object(size):
    rng = np.random.default_rng(0)
    pixels = np.full((*size, 3), 0.6) + rng.normal(0, 0.02, (*size, 3))
    box = np.s_[size[0] // 4 : 3 * size[0] // 4, size[1] // 4 : 3 * size[1] // 4]
    pixels[box] = [0.8, 0.2, 0.1]
    pixels[size[0] // 2 - 2 : size[0] // 2 + 2, size[1] // 2 - 2 : size[1] // 2 + 2] = 0.6  # a hole is filled
    truth = np.zeros(size, bool)
    truth[box] = True
    mask = estimated(pixels.clip(0, 1))
    assert (mask & truth).sum() / (mask | truth).sum() > 0.8


@pytest.mark.parametrize(
    "pixels", [np.zeros((16, 16, 3)), np.ones((1, 1, 3)), np.random.default_rng(0).random((3, 50, 3))]
)
def test_any_picture_has_a_guess(pixels):
    mask = estimated(pixels)
    assert mask.shape == pixels.shape[:2]
    assert mask.any()


def test_a_mask_follows_its_picture_to_another_size():
    mask = np.zeros((8, 6), bool)
    mask[:4] = True
    assert np.array_equal(resized_mask(mask, (4, 12)), np.repeat([True, True, False, False], 12).reshape(4, 12))
