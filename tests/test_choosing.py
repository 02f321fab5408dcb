"""Which pictures `class_name`, `errors` and `limit` choose."""

from types import SimpleNamespace

import numpy as np
import pytest

import foodviz
from foodviz.analysis import activations, open_subject, predictions
from foodviz.analysis.choosing import choose
from foodviz.data import spread_ids
from foodviz.errors import InputError, UsageError


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def subject(said):
    """The sample's validation split; no model is asked."""
    return foodviz.open_subject(split="validation", say=said.append)


@pytest.fixture
def wrong(monkeypatch) -> None:
    """A model that names the pictures with ids that 7 divides wrongly."""

    def predict(_subject, _split, ids):
        places = np.array(ids)
        return SimpleNamespace(ids=places, right=places % 7 != 0)

    monkeypatch.setattr(predictions, "predict", predict)


def test_a_class_is_its_pictures_evenly_spread(subject, said):
    split, ids = choose(subject, class_name="Rice", limit=5)
    rice = [index for index in split.labelled_ids if split.class_names[split.labels[index]] == "Rice"]
    assert ids == spread_ids(rice, 5)
    assert said[-1] == f"5 of {len(rice)} pictures, evenly spread"
    assert len(choose(subject, class_name="Rice")[1]) == 20
    assert choose(subject, class_name="Rice", limit=1000)[1] == tuple(rice)


@pytest.mark.usefixtures("wrong")
def test_errors_are_those_named_wrongly_of_the_class_too(subject):
    split, ids = choose(subject, errors=True, limit=1000)
    assert ids == tuple(index for index in range(len(split)) if index % 7 == 0)
    soups = choose(subject, errors=True, class_name="Soup", limit=1000)[1]
    assert soups == tuple(index for index in ids if split.class_names[split.labels[index]] == "Soup")


def test_a_limit_alone_is_of_the_whole_split(subject):
    split, ids = choose(subject, limit=7)
    assert ids == split.spread(7)


def test_without_any_of_them_the_pictures_are_those_named(subject):
    assert choose(subject, ids=["3", 5])[1] == (3, 5)


def test_what_cannot_be_chosen_is_named(subject, tmp_path):
    for given in ({"ids": [1]}, {"image": ["a.png"]}):
        with pytest.raises(UsageError, match="give either"):
            choose(subject, **given, errors=True)
    with pytest.raises(InputError, match="`class_name` Pizza: no such class"):
        choose(subject, class_name="Pizza")
    for limit in (0, 1001):
        with pytest.raises(InputError, match=r"`limit` .*: must be 1 to 1,000"):
            choose(subject, limit=limit)
    (tmp_path / "a.jpg").touch()
    unlabelled = foodviz.open_subject(data=str(tmp_path), say=lambda _: None)
    with pytest.raises(InputError, match=r"`errors`: no picture in .* has a label"):
        choose(unlabelled, errors=True)
    with pytest.raises(InputError, match="has no picture labelled Rice"):
        choose(unlabelled, class_name="Rice")


def test_activations_choose_pictures_too_and_draw_them_on_pages_of_one_scale(foodviz, tmp_path):
    flags = ("--class", "Rice", "--limit", "10", "--filters", "7", "--dpi", "40")
    result = foodviz("activations", *flags)
    assert result.exit_code == 0, result.stderr
    assert "10 of 280 pictures, evenly spread" in result.stderr
    assert (tmp_path / "results" / "activations.png").exists()
    assert (tmp_path / "results" / "activations-page-2.png").exists()
    subject = open_subject(say=lambda _: None)
    figures = activations(subject, class_name="Rice", limit=10, filters=[7]).figures()
    assert list(figures) == ["", "page-2"]
    scales = {figure.axes[-1].get_ylim() for figure in figures.values()}
    assert len(scales) == 1
