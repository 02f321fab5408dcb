import csv
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from foodviz.data import open_dataset
from foodviz.data.perceptual_hash import BITS, NEAR, SIDE, hashes, near_pairs
from foodviz.data.pictures import decode, pixels


def hashed(contents):
    small = [pixels(decode(content, "picture"), (SIDE, SIDE)) for content in contents]
    return hashes(np.stack(small).transpose(0, 3, 1, 2).astype(np.float32) / 255)


def encoded(content, quality=75, scale=1.0, light=1.0):
    image = decode(content, "picture")
    image = image.resize((int(image.width * scale), int(image.height * scale)))
    image = Image.fromarray((np.asarray(image) * light).clip(0, 255).astype(np.uint8))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def test_no_false_alarm_among_500_sample_pictures_and_every_copy_found():
    training, validation = open_dataset().split("training"), open_dataset().split("validation")
    first = [training.read_bytes(index) for index in training.spread(250)]
    second = [validation.read_bytes(index) for index in validation.spread(250)]
    ours, theirs = hashed(first), hashed(second)
    everything = np.concatenate([ours, theirs])
    pairs = near_pairs(everything, everything)
    assert [(a, b) for a, b, _ in pairs] == [(index, index) for index in range(500)]
    for changed in ({"quality": 30}, {"scale": 0.5}, {"scale": 1.7}, {"light": 1.2}, {"light": 0.6}):
        copies = hashed([encoded(content, **changed) for content in first[::25]])
        found = near_pairs(copies, ours)
        assert sorted((a, b) for a, b, _ in found) == [(index, 25 * index) for index in range(10)], changed


def test_pairs_are_those_of_a_double_loop():
    rng = np.random.default_rng(0)
    first = rng.random((40, BITS)) < 0.5
    second = np.concatenate([first[:5] ^ (rng.random((5, BITS)) < 0.05), rng.random((30, BITS)) < 0.5])
    expected = {
        (a, b, int((one ^ other).sum()))
        for a, one in enumerate(first)
        for b, other in enumerate(second)
        if (one ^ other).sum() <= NEAR
    }
    found = near_pairs(first, second)
    assert set(found) == expected
    assert len(found) == 5
    assert [bits for *_, bits in found] == sorted(bits for *_, bits in found)


@pytest.fixture
def food(tmp_path):
    """A folder with three splits of sample pictures, and in validation an exact and a re-encoded training picture."""
    for name in ("training", "validation", "evaluation"):
        listing = open_dataset().split(name)
        (tmp_path / "food" / name).mkdir(parents=True)
        for index in listing.spread(8):
            (tmp_path / "food" / name / listing.names[index]).write_bytes(listing.read_bytes(index))
    first, second = sorted((tmp_path / "food/training").iterdir())[:2]
    shutil.copy(first, tmp_path / "food/validation/3_7000.jpg")
    (tmp_path / "food/validation/4_7001.png").write_bytes(encoded(second.read_bytes(), 40, 0.7))
    return tmp_path / "food"


def test_copies_put_into_validation_are_found(foodviz, food, tmp_path):
    result = foodviz("confusion", "--data", "food", "--dpi", "30", "--duplicates")
    assert result.exit_code == 0, result.stderr
    assert (
        "duplicates between splits (training 8, validation 10, evaluation 8 images): 1 exact, 1 near" in result.stdout
    )
    assert "validation/3_7000.jpg (Egg)" in result.stdout
    with (tmp_path / "results/confusion-duplicates.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    names = sorted(path.name for path in (food / "training").iterdir())
    assert [(row["file"], row["other file"], row["exact"]) for row in rows] == [
        (names[0], "3_7000.jpg", "1"),
        (names[1], "4_7001.png", "0"),
    ]
    assert (tmp_path / "results/confusion-duplicates.png").exists()


@pytest.mark.usefixtures("food")
def test_one_split_alone_has_nothing_to_compare_with(foodviz):
    result = foodviz("confusion", "--data", "food/training", "--duplicates")
    assert result.exit_code == 1
    assert "no split beside training" in result.stderr
