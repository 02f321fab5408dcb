"""`atlas` from a notebook: what its pages say is true, killed it goes on, and only what has changed is drawn again."""

import json
import shutil

import numpy as np
import pytest
import torch
from conftest import ATLAS, command_line
from torch import nn

from foodviz.analysis import atlas, open_subject
from foodviz.analysis.atlas import drawing, feeding
from foodviz.analysis.atlas.layer import layer_map
from foodviz.errors import InputError
from foodviz.methods.activation_maximization import fourier_pictures
from foodviz.models.classifier import Classifier
from foodviz.models.units import Unit, units

QUICK = {"steps": 3, "scan": "all"}


@pytest.fixture
def folder(atlas_folder, tmp_path, monkeypatch):
    """A copy of the drawn atlas with its net and its data, the cache empty."""
    for name in ("food", "results"):
        shutil.copytree(atlas_folder / name, tmp_path / name)
    for name in ("net.py", "net.pth"):
        shutil.copy(atlas_folder / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path


def subject(heard=None):
    return open_subject(
        data="food",
        model="net.pth",
        arch="net.py:Net",
        input_size=32,
        device="cpu",
        say=(lambda _: None) if heard is None else heard.append,
    )


@pytest.fixture
def drawn(monkeypatch):
    """The channels of every batch that is drawn."""
    batches = []

    def watched(model, layer, channels, *rest, **settings):
        batches.append((type(layer).__name__, channels.tolist()))
        return fourier_pictures(model, layer, channels, *rest, **settings)

    monkeypatch.setattr("foodviz.methods.activation_maximization.fourier_pictures", watched)
    return batches


def test_every_layer_filter_and_class_has_its_place(atlas_folder):
    pages = atlas_folder / "results/atlas"
    facts = json.loads((atlas_folder / "results/atlas.json").read_text())
    assert [(each["layer_name"], each["filters"]) for each in facts["layers"]] == [("cnn.2", 6), ("cnn.5", 8)]
    assert facts["layers"][1]["dead"] == 1
    assert facts["layers"][1]["doubled"] == 2
    assert facts["not_drawn"] == 0
    files = {path.relative_to(pages).as_posix() for path in pages.rglob("*") if path.is_file()}
    assert {"index.html", "layer-01.html", "layer-02.html", "01.webp", "class-00.html", "class-02.webp"} <= files
    assert {f"02/{number}.webp" for number in range(8)} <= files
    assert facts["bytes"] == sum((pages / name).stat().st_size for name in files)
    page = (pages / "layer-02.html").read_text()
    assert all(f'id="filter-{number}"' in page for number in range(8))
    assert "nothing changes it" in page
    assert "<img src=x" not in page
    assert "img-src &#39;self&#39;;" in page


def test_the_same_command_gives_the_same_bytes(folder):
    first = {path: path.read_bytes() for path in sorted((folder / "results/atlas").rglob("*.*"))}
    shutil.rmtree(folder / "results")
    assert command_line(*ATLAS).exit_code == 0
    assert {path: path.read_bytes() for path in sorted((folder / "results/atlas").rglob("*.*"))} == first


def test_a_stopped_one_goes_on_and_ends_alike(folder, drawn, monkeypatch):
    whole = atlas(subject(), **QUICK).arrays
    monkeypatch.setenv("FOODVIZ_CACHE", str(folder / "other"))
    monkeypatch.setattr(drawing, "BATCH", 4)
    drawn.clear()

    def stopped(items, _what, *, total=None):
        for number, item in enumerate(items):
            if total == 5 and number == 3:  # batches of the two layers and of the classes
                raise KeyboardInterrupt
            yield item

    one = subject()
    vars(one)["progress"] = stopped
    with pytest.raises(KeyboardInterrupt):
        atlas(one, **QUICK)
    assert len(drawn) == 3
    parts = atlas(subject(), **QUICK).arrays
    assert len(drawn) == 5
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-4, atol=1e-5)


def test_of_a_net_trained_further_only_the_later_layers_are_drawn_again(folder, drawn):
    atlas(subject(), **QUICK)
    assert [channels for _, channels in drawn] == [list(range(6)), list(range(8)), [0, 1, 2]]
    drawn.clear()
    state = torch.load(folder / "net.pth", weights_only=True)
    state["cnn.4.weight"] += 0.1
    torch.save(state, folder / "net.pth")
    atlas(subject(), **QUICK)
    assert [channels for _, channels in drawn] == [list(range(8)), [0, 1, 2]]


@pytest.mark.usefixtures("folder")
def test_a_spent_budget_leaves_out_and_the_next_call_draws_it(drawn):
    heard = []
    first = atlas(subject(heard), "pages/index.html", budget=0, **QUICK)
    assert not drawn
    assert first.facts["not_drawn"] == 6 + 8 + 3
    assert any("17 pictures are not drawn" in line for line in heard)
    assert np.isnan(first.arrays["01 reached"]).all()
    second = atlas(subject(), "pages/index.html", **QUICK)
    assert second.facts["not_drawn"] == 0
    assert len(drawn) == 3


@pytest.mark.usefixtures("folder")
def test_layers_and_filters_can_be_chosen():
    result = atlas(subject(), layers=["cnn.4", "1"], filters=[7, 2], **QUICK)
    assert [each["layer_name"] for each in result.facts["layers"]] == ["cnn.1", "cnn.4"]
    assert result.arrays["01 filters"].tolist() == [2]
    assert result.arrays["02 filters"].tolist() == [7, 2]
    above = atlas(subject(), "pages/index.html", filters=[7], **QUICK)  # the layer that feeds it has no such filter
    assert [each["layer_name"] for each in above.facts["layers"]] == ["cnn.5"]
    for wrong, words in (
        ({"layers": ["cnn.9"]}, "`layers` cnn.9: no such layer"),
        ({"filters": [8]}, "channels 0 to 7"),
        ({"budget": -1}, "`budget`"),
        ({"recipe": "watercolour"}, "fourier"),
        ({"steps": 0}, "`steps`"),
        ({"scan": "some"}, "`scan`"),
    ):
        with pytest.raises(InputError, match=words):
            atlas(subject(), **(QUICK | wrong))


def test_what_feeds_a_filter_adds_up_to_what_the_convolution_gives(float64):  # noqa: ARG001
    torch.manual_seed(0)
    for groups in (1, 2):
        stack = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 6, 1, groups=groups), nn.Flatten())
        net = Classifier(stack, [str(number) for number in range(6 * 25)], (5, 5)).double()
        images = torch.rand(3, 3, 5, 5)
        unit = next(each for each in units(net) if each.convolution == "2")
        assert unit.fed_by == "1"
        means = {unit.name: stack[:2](images).mean((0, 2, 3)).numpy()}
        adds = feeding.contributions(net, unit, means)
        given = stack[:3](images).mean((0, 2, 3)) - stack[2].bias
        np.testing.assert_allclose(adds.sum(1), given.numpy())
    assert feeding.contributions(net, Unit(unit.layer, 1, "", ""), {}) is None


def test_pictures_are_no_larger_than_a_filter_needs():
    assert drawing.drawn_size(3, (128, 128)) == (48, 48)
    assert drawing.drawn_size(40, (128, 96)) == (80, 80)
    assert drawing.drawn_size(90, (128, 96)) == (128, 96)


@pytest.mark.parametrize("count", [1, 2, 6, 60])
def test_those_that_answer_alike_lie_together(count):
    random = np.random.default_rng(0)
    kinds = random.normal(size=(2, 100))
    responses = np.stack([kinds[number % 2] + 0.1 * random.normal(size=100) for number in range(count)], 1)
    places = layer_map(responses)
    assert places.shape == (count, 2)
    assert places.min() >= 0
    assert places.max() <= 1
    np.testing.assert_array_equal(places, layer_map(responses))
    if count > 2:
        apart = np.linalg.norm(places[0::2].mean(0) - places[1::2].mean(0))
        within = np.linalg.norm(places[0::2] - places[0::2].mean(0), axis=1).mean()
        assert within < apart / 2
