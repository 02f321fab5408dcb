"""`reliance`: counts that can be counted by hand, of pictures of one colour and a net that knows colours alone."""

import csv
import json

import numpy as np
import pytest
import torch
from hues import HUES, hue_net, picture
from PIL import Image

import foodviz
from foodviz.analysis.reliance.passes import Pass
from foodviz.analysis.reliance.pictures import chosen
from foodviz.data.batch import read
from foodviz.errors import InputError, UsageError
from foodviz.methods.interventions.catalogue import named
from foodviz.methods.interventions.stage import Stage

COLOURS = (0, 1, 2)  # red, green, blue: of HUES,
EACH = 4


@pytest.fixture
def folder(tmp_path):
    """12 validation pictures of one colour each, the food on the left three quarters of each."""
    for label in COLOURS:
        for number in range(EACH):
            name = f"{label}_{number}.png"
            picture(tmp_path / "food" / "validation" / name, label)
            mask = np.zeros((16, 20), np.uint8)
            mask[:, :15] = 255
            (tmp_path / "masks").mkdir(exist_ok=True)
            Image.fromarray(mask).save(tmp_path / "masks" / name)
    return tmp_path


@pytest.fixture
def flags(folder):
    return ("--data", str(folder / "food"), *hue_net(folder, COLOURS))


@pytest.fixture
def remarks():
    return []


@pytest.fixture
def subject(flags, remarks):
    given = dict(zip((flag.removeprefix("--").replace("-", "_") for flag in flags[::2]), flags[1::2], strict=True))
    return foodviz.open_subject(**given | {"input_size": 16}, say=remarks.append)


def of(result):
    return {effect["name"]: effect for effect in result.facts["effects"]}


def test_what_decides_takes_all_answers_and_what_does_not_takes_none(subject, folder):
    result = foodviz.reliance(subject, changes=["hue120", "flip", "shift"], masks=str(folder / "masks"))
    effects = of(result)
    assert effects["hue120"]["named"] == effects["flip"]["named"] == 12
    assert (effects["hue120"]["kept"], effects["flip"]["kept"]) == (0, 12)
    assert effects["hue120"]["change"] == -1
    assert not effects["hue120"]["none"]
    assert effects["flip"]["none"]
    assert effects["shift"]["interval"][0] < 0 < effects["shift"]["interval"][1]
    assert result.facts["kinds"] == {"colour": "hue120", "place": "flip"}
    assert (
        "12 of 12 rightly named pictures change their answer when the food has its hue turned by 120°"
        in (result.sentences[0])
    )
    assert result.sentences[1].startswith("Nothing that was changed shows that the answers need where the food lies")
    assert result.findings == result.sentences[:2]
    assert [line for line in result.lines if line.startswith("class 0")] == [
        "class 0: 4 of 4 change when the food has its hue turned by 120°."
    ]
    row = next(line for line in result.lines if line.startswith("the picture is mirrored"))
    assert row.endswith("none shown")


def test_the_answers_are_the_models_to_the_changed_pictures(subject, folder):
    names = ["grey", "red", "shuffled", "background:grey", "other", "gone"]
    result = foodviz.reliance(subject, changes=names, masks=str(folder / "masks"), precision="float32")
    assert result.arrays["columns"].tolist() == ["as it is", *names]
    split = chosen(subject, (), (), None, None, str(folder / "masks")).split
    batch = read(split, range(12), (16, 16))
    masks = torch.stack([torch.from_numpy(split.region(index, (16, 16))[1].copy()) for index in range(12)])
    seeds = [subject.image_seed(digest) for digest in batch.digests]
    for column, name in enumerate(names, 1):
        if name == "other":
            continue
        changed = Stage(batch.images, masks, seeds).changed(named(name))
        answers = subject.classifier(changed.images).softmax(1)
        assert result.arrays["predicted"][:, column].tolist() == answers.argmax(1).tolist()
        wanted = answers.gather(1, batch.labels[:, None])[:, 0].numpy()
        np.testing.assert_allclose(result.arrays["probability"][:, column], wanted, atol=1e-5)
    assert of(result)["other"]["kept"] == 12  # a quarter of the picture is too little to decide


def test_behind_the_food_stands_a_picture_of_another_class_without_its_food(subject, folder):
    pictures = chosen(subject, (), (), None, None, str(folder / "masks"))
    batch = read(pictures.split, range(12), (16, 16))
    stage, _ = Pass(pictures, (named("other"),), "float32").stage(batch, batch.labels)
    nearest = (stage.others[..., 0, 0][:, None] * 255 - torch.from_numpy(HUES[:3])).abs().sum(2).argmin(1)
    assert (nearest != batch.labels).all()
    assert len(set(nearest.tolist())) == 3
    torch.testing.assert_close(stage.others, stage.others[..., :1, -1:].expand_as(stage.others))


def test_neither_company_nor_the_cache_nor_an_id_twice_makes_a_difference(subject, folder):
    how = {"changes": ["shuffled", "shift", "other"], "masks": str(folder / "masks"), "precision": "float32"}
    whole = foodviz.reliance(subject, **how).arrays
    again = foodviz.reliance(subject, **how).arrays
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    some = foodviz.reliance(subject, ids=["1_2", 5, 5, 0], **how).arrays
    assert some["ids"].tolist() == [6, 5, 0]
    for name in ("targets", "predicted"):
        assert np.array_equal(some[name], whole[name][some["ids"]])
    np.testing.assert_allclose(some["probability"], whole["probability"][some["ids"]], atol=1e-6)


def test_a_class_or_so_many_pictures_are_chosen(subject, remarks):
    of_class = foodviz.reliance(subject, class_name="Dairy", changes=["grey"], masks="none")
    assert of_class.arrays["ids"].tolist() == [4, 5, 6, 7]
    assert not any(line.startswith("class 1") for line in of_class.lines)  # all pictures are that class
    few = foodviz.reliance(subject, limit=3, changes=["grey"], masks="none")
    assert few.arrays["targets"].tolist() == [0, 1, 2]
    assert "3 of 12 pictures, evenly spread" in remarks
    with pytest.raises(UsageError, match="give either"):
        foodviz.reliance(subject, ids=[1], limit=3)
    with pytest.raises(InputError, match="`class_name`"):
        foodviz.reliance(subject, class_name="Pizza")


def test_masks_are_the_datas_given_or_estimated_or_none(subject, folder, remarks):
    given = foodviz.reliance(subject, changes=["grey"], masks=str(folder / "masks"))
    assert given.facts["masks_estimated"] == 0
    assert sorted(given.figures()) == ["", "examples"]
    (folder / "masks" / "0_0.png").unlink()
    partly = foodviz.reliance(subject, changes=["grey"], masks=str(folder / "masks"))
    assert partly.arrays["estimated"].tolist() == [True] + [False] * 11
    guessed = foodviz.reliance(subject, changes=["grey"])
    assert guessed.facts["masks_estimated"] == 12
    assert any("estimated from the colours" in line for line in guessed.lines)
    masks = guessed.figures()["masks"]
    assert len(masks.axes) >= 12
    whole = foodviz.reliance(subject, changes=["grey", "shift"], masks="none")
    assert of(whole)["grey"]["words"] == "the picture is grey"
    with pytest.raises(InputError, match="without `masks`"):
        foodviz.reliance(subject, changes=["background:grey"], masks="none")
    with pytest.raises(InputError, match="no such folder"):
        foodviz.reliance(subject, masks=str(folder / "nowhere"))
    foodviz.reliance(subject, changes=["grey"], masks=str(folder / "food"))
    assert any("no mask in" in remark for remark in remarks)


def test_pictures_without_a_label_keep_the_first_answer(subject, folder):
    picture(folder / "one.png", 1)
    picture(folder / "two.png", 2)
    files = [str(folder / "one.png"), str(folder / "two.png")]
    result = foodviz.reliance(subject, image=files, changes=["hue120", "flip", "other"], masks="estimated")
    assert result.arrays["labels"].tolist() == [-1, -1]
    assert result.arrays["targets"].tolist() == [1, 2]
    assert of(result)["flip"]["kept"] == of(result)["flip"]["named"] == 2
    assert "rightly" not in " ".join(result.sentences)


def test_what_leaves_the_range_of_photographs_is_said(subject, folder):
    for label in COLOURS:
        Image.new("RGB", (20, 16), tuple(map(int, HUES[7]))).save(folder / "food" / "validation" / f"{label}_9.png")
    result = foodviz.reliance(subject, changes=["bright", "dark"], masks="none")
    assert of(result)["dark"]["cut"] == 0
    assert of(result)["bright"]["cut"] > 0.5
    assert any("leave the range of photographs" in line for line in result.lines)


def test_the_table_shows_the_shares_and_the_examples_what_was_done(subject, folder):
    result = foodviz.reliance(subject, changes=["hue120", "background:grey", "flip"], masks=str(folder / "masks"))
    table, examples = (result.figures()[name] for name in ("", "examples"))
    texts = [text.get_text() for text in table.axes[0].texts]
    assert texts[:3] == ["0", "100", "100"]
    assert [label.get_text() for label in table.axes[0].get_yticklabels()] == [
        *("all", "class 0", "class 1", "class 2")
    ]
    assert {"hue +120°", "grey", "mirrored", "colour of the food", "background", "place and size"} <= set(texts)
    panels = [axes for axes in examples.axes if axes.images]
    assert len(panels) == 3 * 4  # a picture of each class: as it is, and three changes
    first, turned, behind, _ = (axes.images[0].get_array() for axes in panels[:4])
    np.testing.assert_allclose(turned[:, :12], np.roll(first[:, :12], 1, axis=-1), atol=1e-6)
    np.testing.assert_allclose(turned[:, 12:], first[:, 12:])
    np.testing.assert_allclose(behind[:, :12], first[:, :12])


def test_the_command_writes_tables_and_repeats(foodviz, flags, folder):
    masks = ("--masks", str(folder / "masks"), "--changes", "hue120", "background:blur")
    done = foodviz("reliance", *flags, *masks, "--out", "out", "--dpi", "40")
    assert done.exit_code == 0, done.stderr
    manifest = json.loads((folder / "out" / "reliance.json").read_text())
    assert manifest["settings"]["changes"] == ["hue120", "background:blur"]
    with (folder / "out" / "reliance.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * (1 + len(COLOURS))
    assert (rows[0]["in words"], rows[0]["keep their name"]) == ("the food has its hue turned by 120°", "0")
    with (folder / "out" / "reliance-pictures.csv").open(newline="") as stream:
        pictures = list(csv.DictReader(stream))
    assert pictures[0]["as it is"] == pictures[0]["class"] == "class 0"
    assert pictures[0]["hue120"] == "class 1"
    assert foodviz("rerun", "out/reliance.json", "--check", "--allow-code").exit_code == 0
    wrong = foodviz("reliance", *flags, "--changes", "gray")
    assert wrong.exit_code == 1
    assert "--changes gray: no such change; did you mean 'grey'" in wrong.stderr
