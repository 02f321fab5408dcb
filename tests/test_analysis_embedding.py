"""Layers' answers in two dimensions: what is projected and measured is what the layer answers."""

import csv
import json

import numpy as np
import pytest
import torch

import foodviz
from foodviz.analysis.embedding import embedding
from foodviz.errors import InputError
from foodviz.hooks import capture
from foodviz.methods.projection import by_pca, by_tsne
from foodviz.metrics.neighbours import neighbours_kept, silhouette, votes_right
from foodviz.render.embedding import embedding_figure


def clusters(apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Two times twenty points in eight dimensions, and which."""
    labels = np.repeat([0, 1], 20)
    return np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32) + apart * labels[:, None], labels


def test_classes_far_apart_and_classes_that_are_none():
    values, labels = clusters(50)
    assert votes_right(values, labels) == 1
    assert silhouette(values, labels) > 0.9
    assert votes_right(values, np.random.default_rng(1).permutation(labels)) < 0.8
    assert silhouette(values, np.zeros(40, int)) is None


def test_a_vote_by_hand():
    """On a line: the outermost of the first class has three of its own among its five neighbours."""
    line = np.array([0, 1, 2, 3, 10, 11, 12, 13], float)[:, None]
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert votes_right(line, labels) == 1
    labels[3] = 1
    assert votes_right(line, labels) == 4 / 8  # 3 itself, and 0 to 2, which have two of their own left


def test_pca_is_the_singular_vectors_and_their_share():
    values, _ = clusters(3)
    places, share = by_pca(values)
    centred = values.astype(float) - values.astype(float).mean(0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(places), np.abs(centred @ directions[:2].T), atol=1e-9)
    assert share == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum())


def test_tsne_is_the_same_for_the_same_seed_and_keeps_neighbours():
    values, labels = clusters(20)
    places = by_tsne(values, perplexity=10, seed=3)
    np.testing.assert_array_equal(places, by_tsne(values, perplexity=10, seed=3))
    assert votes_right(places, labels) == 1
    assert neighbours_kept(values, places) > 0.8
    assert neighbours_kept(values, values[:, :2] * 0 + np.random.default_rng(5).normal(size=(40, 2))) < 0.8


@pytest.fixture(scope="module")
def found():
    subject = foodviz.open_subject(say=lambda _: None)
    return subject, embedding(subject, layer="15", limit=24, method="pca")


def test_what_is_projected_is_the_mean_of_the_layers_maps(found):
    subject, result = found
    ids = result.arrays["ids"].tolist()
    photographs = subject.read(subject.dataset.split("validation"), ids)
    layer = subject.classifier.network.get_submodule("cnn.15")
    with capture(layer) as outputs, torch.inference_mode():
        subject.classifier(photographs.images)
    np.testing.assert_allclose(result.arrays["answers"], outputs[0].mean((2, 3)), rtol=1e-3, atol=1e-4)
    assert result.arrays["places"].shape == (24, 2)
    assert result.arrays["classes"].tolist() == photographs.labels.tolist()


def test_what_is_said_is_what_was_measured(found):
    _, result = found
    facts = result.facts["embedding"]
    assert facts["neighbours_right"] == votes_right(result.arrays["answers"], result.arrays["classes"])
    assert f"{facts['neighbours_right']:.1%} of 24 pictures" in result.sentences[0]
    assert f"hold {facts['variance_kept']:.1%} of the variance" in result.sentences[1]


def test_each_class_is_named_at_its_points_and_wrong_ones_are_ringed():
    places = np.array([[0, 0], [1, 0], [10, 10], [11, 10]], float)
    wrong = np.array([False, True, False, False])
    figure = embedding_figure(places, np.array([0, 0, 2, 2]), ["a", "b", "c"], wrong, title="t")
    (axes,) = figure.axes
    assert {text.get_text(): text.get_position() for text in axes.texts} == {"a": (0.5, 0), "c": (10.5, 10)}
    rings = axes.collections[-1]
    assert rings.get_offsets().tolist() == [[1, 0]]
    assert axes.get_legend().get_texts()[0].get_text() == "ringed: named wrongly, 1 of 4"


def test_names_do_not_lie_on_one_another():
    names = [f"class {index}" for index in range(6)]
    figure = embedding_figure(np.zeros((6, 2)), np.arange(6), names, None, title="t")
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert min(np.diff(heights)) > 0
    assert figure.axes[0].get_legend() is None


def test_the_command_writes_a_line_for_each_picture(foodviz, tmp_path):
    result = foodviz("embedding", "--layer", "fc.1", "--limit", "24", "--perplexity", "5")
    assert result.exit_code == 0, result.stderr
    assert "the 5 nearest pictures name the label of" in result.stdout
    with (tmp_path / "results" / "embedding.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 24
    facts = json.loads((tmp_path / "results" / "embedding.json").read_text())
    assert facts["embedding"]["misnamed"] == sum(row["label"] != row["predicted"] for row in rows)


def test_too_few_pictures_are_said(foodviz, sample_folder):
    for path in sample_folder.glob("validation/*"):
        if not path.name.startswith("0_"):
            path.unlink()
    result = foodviz("embedding", "--data", "food")
    assert result.exit_code == 1
    assert "pictures, 12 are needed" in result.stderr
    with pytest.raises(InputError, match="`limit` 3: must be from 12"):
        embedding(None, limit=3)
