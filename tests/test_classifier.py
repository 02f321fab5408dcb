"""A classifier: pixels in, logits out; one key for all that its answers depend on; what it tells a manifest."""

import copy
import dataclasses
import json
import pickle

import pytest
import torch
from torch import nn

from foodviz.models import Classifier, Declared, Origin, Preprocessing, fast, load, reread
from foodviz.models.architectures import build
from foodviz.models.files.own_format import save
from foodviz.models.guess.rating import Rating


def net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    save(tmp_path / "a.safetensors", Classifier(build("vgg16_bn-slim", 3), "abc", (32, 32)), "vgg16_bn-slim", {}, [])
    return tmp_path / "a.safetensors"


def test_the_swap_to_bgr_and_the_normalisation_come_first():
    entered = []

    class Spy(nn.Module):
        def forward(self, images):
            entered.append(images)
            return images.mean((2, 3))

    model = Classifier(Spy(), "abc", (2, 2), mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0), bgr=True)
    model(torch.tensor([0.5, 0.6, 0.9]).view(1, 3, 1, 1))
    torch.testing.assert_close(entered[0].flatten(), torch.tensor([0.8, 0.2, 0.05]))


def test_preprocessing_is_resolved():
    assert str(Classifier(net(), "abcd").preprocessing) == "RGB, normalisation none, antialiased resize"
    own = Classifier(net(), "abcd", (64, 64), mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.25), bgr=True, resize="plain")
    assert own.preprocessing == Preprocessing("bgr", "own", "plain", (64, 64), ((0.1, 0.2, 0.3), (0.5, 0.5, 0.25)))
    assert str(own.preprocessing) == "BGR, normalisation by mean 0.1 0.2 0.3, deviation 0.5 0.5 0.25, plain resize"
    again = reread(own, own.preprocessing)
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(again(images), own(images))
    assert again.preprocessing == own.preprocessing
    assert again.network is own.network
    half = reread(own, Preprocessing("rgb", "half", None, (32, 32)))
    assert half.input_size == (32, 32)
    torch.testing.assert_close(half.normalised(images), (images - 0.5) / 0.5)


def test_identity_is_the_files_and_of_what_is_done_to_pixels(file):
    first = load(str(file)).identity
    assert len(first) == 64
    assert load(str(file)).identity == first
    others = [
        load(str(file), preprocessing=Preprocessing(**{name: value})).identity
        for name, value in (
            ("channel_order", "bgr"),
            ("normalise", "half"),
            ("resize", "plain"),
            ("input_size", (64, 64)),
        )
    ]
    assert len({first, *others}) == 5
    renamed = file.with_name("b")
    save(renamed, Classifier(build("vgg16_bn-slim", 3), "abd", (32, 32)), "vgg16_bn-slim", {}, [])
    assert load(str(renamed)).identity not in {first, *others}


def test_identity_follows_the_users_source(file):
    torch.save(load(str(file)).network.state_dict(), file)
    source = file.with_name("own_net.py")
    source.write_text(
        "from foodviz.models.architectures import build\n"
        "def make(classes):\n    return build('vgg16_bn-slim', classes)\n"
    )
    first = load(str(file), arch=f"{source}:make").identity
    source.write_text(source.read_text() + "# changed\n")
    assert load(str(file), arch=f"{source}:make").identity != first


def test_identity_without_a_file_is_that_of_modules_and_weights():
    first = Classifier(net(), "abcd")
    assert Classifier(net(), "abcd").identity == first.identity
    assert fast(first).identity == copy.deepcopy(first).identity == first.identity
    assert len({first.identity, Classifier(net(1), "abcd").identity, Classifier(net(), "abce").identity}) == 3


def test_facts_are_those_of_a_manifest(file):
    facts = load(str(file)).facts()
    assert list(facts) == [
        "architecture", "architecture_from", "guessed", "form", "parameters", "guesses", "answers", "remarks",
        "pixels", "resize",
    ]  # fmt: skip
    assert (facts["architecture"], facts["guessed"], facts["form"]) == ("vgg16_bn-slim", False, "safetensors")
    assert json.loads(json.dumps(facts)) == facts
    tried = Origin(tried=((Rating(9, 0.5, -1.0, None), "stack"),) * 20)
    assert len(tried.facts()["readings_tried"]) == 8
    assert tried.facts()["readings_tried"][0]["arch"] == "stack"


def test_origin_is_frozen_and_what_a_file_does_not_say_is_none(file):
    origin = load(str(file)).origin
    with pytest.raises(dataclasses.FrozenInstanceError):
        origin.form = "x"
    assert origin.declared.class_names == ("a", "b", "c")
    assert Origin().declared == Declared()
    assert set(dataclasses.asdict(Declared()).values()) == {None}
    assert pickle.loads(pickle.dumps(origin)) == origin
