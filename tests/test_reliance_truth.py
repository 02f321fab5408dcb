"""On nets of which we know what they rely on, `reliance` finds it: three to one before everything else."""

import numpy as np
import pytest
import trained
import variants
from PIL import Image

import foodviz
from foodviz.analysis.subject import Subject
from foodviz.data import FOOD11, open_dataset
from foodviz.models import Classifier

PICTURES = 66


@pytest.fixture(scope="module")
def pictures():
    """Pictures of the sample that no net has seen, and their masks."""
    return variants.drawn("validation", PICTURES)


@pytest.fixture
def effects(tmp_path, pictures):
    """Of each kind of change on a variant the largest share of answers that goes, by the net that it trained."""

    def measured(kind):
        images, labels = variants.variant(kind, *pictures, seed=3)
        for folder in ("validation", "validation_masks"):
            (tmp_path / folder).mkdir()
        pixels = (images.permute(0, 2, 3, 1).numpy() * 255).round().clip(0, 255).astype(np.uint8)
        for number, label in enumerate(labels.tolist()):
            name = f"{label}_{number}.png"
            Image.fromarray(pixels[number]).save(tmp_path / "validation" / name)
            Image.fromarray(pictures[1][number].numpy()).save(tmp_path / "validation_masks" / name)
        net = trained.carried(trained.relying(), kind)
        model = Classifier(net, FOOD11[: variants.CLASSES], (variants.SIDE,) * 2)
        subject = Subject(open_dataset(str(tmp_path)), lambda _: model, say=lambda _: None)
        facts = foodviz.reliance(subject, precision="float32").facts
        assert facts["masks_estimated"] == 0
        largest: dict[str, float] = {}
        for effect in facts["effects"]:
            assert effect["named"] > 0.8 * PICTURES
            largest[effect["kind"]] = max(largest.get(effect["kind"], 0), 1 - effect["kept"] / effect["named"])
        return largest

    return measured


@pytest.mark.parametrize("kind", variants.KINDS)
def test_the_kind_of_change_that_matches_is_three_times_as_strong_as_any_other(effects, kind):
    """Food that is gone takes its colour and its texture along: of the kinds it alone is set apart."""
    largest = effects(kind)
    gone, own = largest.pop("object"), largest.pop(kind)
    assert own > 0.4
    assert own >= 3 * max(largest.values())
    assert (gone > 0.4) == (kind != "background")
