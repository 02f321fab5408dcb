"""LIME: the lime package and scikit-learn as oracles, designs by their definition, draws by their repeatability."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.methods.hidden import painted_over
from foodviz.methods.lime import fit
from foodviz.methods.lime.designs import GROUP, blocks, hadamard
from foodviz.methods.lime.fit import linear_fit, replicates
from foodviz.methods.lime.lime import Explanation, explain, strongest
from foodviz.methods.lime.package import explain_with_lime, image_explanation
from foodviz.methods.lime.superpixels import density_ratio, describe, segment

SIZE = 32
SETTINGS = {
    "slic": {"segments": 20},
    "quickshift": {"kernel_size": 2, "max_distance": 6},
    "felzenszwalb": {"scale": 5, "min_size": 15},
}


def net(classes: int = 8) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, classes)]
    return nn.Sequential(*layers).double().eval()


@pytest.fixture
def model() -> nn.Module:
    return net()


def pictures(count: int) -> Tensor:
    """(count, 3, SIZE, SIZE) float64: coarse patches with a little noise, so that segmenters find something."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 5, 5, generator=generator, dtype=torch.float64)
    smooth = nn.functional.interpolate(coarse, size=SIZE, mode="bilinear")
    return (smooth + 0.05 * torch.rand(count, 3, SIZE, SIZE, generator=generator, dtype=torch.float64)).clamp(0, 1)


def unlikely(model: nn.Module, image: Tensor) -> int:
    """The class that comes last for this image: outside lime's default five."""
    return int(model(image[None]).argmin())


@pytest.mark.parametrize("segmenter", SETTINGS)
@pytest.mark.parametrize("output", ["logits", "probabilities"])
def test_random_rows_give_the_answer_of_the_lime_package(model: nn.Module, segmenter: str, output: str) -> None:
    for image in pictures(5):
        segments = segment(image, segmenter, **SETTINGS[segmenter])
        targets = (unlikely(model, image), int(model(image[None]).argmax()))
        ours = explain(model, image, segments, targets, design="random", samples=150, output=output)
        theirs = explain_with_lime(model, image, segments, targets, samples=150, output=output)
        assert torch.equal(ours.shown, theirs.shown)
        torch.testing.assert_close(ours.weights, theirs.weights, rtol=1e-5, atol=0)
        torch.testing.assert_close(ours.intercepts, theirs.intercepts, rtol=1e-5, atol=0)
        torch.testing.assert_close(ours.fits, theirs.fits, rtol=1e-5, atol=0)


def test_so_does_the_package_called_as_its_readme_does(model: nn.Module) -> None:
    from lime.lime_image import LimeImageExplainer

    image = pictures(1)[0]
    segments, target = segment(image, "slic", segments=20), unlikely(model, image)

    def classify(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(batch).permute(0, 3, 1, 2)).numpy()  # type: ignore[no-any-return]

    told = LimeImageExplainer(random_state=3).explain_instance(
        image.permute(1, 2, 0).numpy(),
        classify,
        labels=(target,),
        top_labels=None,
        num_samples=120,
        segmentation_fn=lambda _: segments.numpy(),
        random_seed=0,
    )
    answer = explain(model, image, segments, [target], design="random", samples=120, seed=3)
    ours = image_explanation(image, answer)
    assert [index for index, _ in ours.local_exp[target]] == [index for index, _ in told.local_exp[target]]
    np.testing.assert_allclose(
        [weight for _, weight in ours.local_exp[target]], [weight for _, weight in told.local_exp[target]], rtol=1e-5
    )
    np.testing.assert_allclose(ours.score, told.score, rtol=1e-5)
    np.testing.assert_allclose(ours.local_pred, told.local_pred, rtol=1e-5)
    for mine, lime in zip(
        ours.get_image_and_mask(target, num_features=4), told.get_image_and_mask(target, num_features=4), strict=True
    ):
        np.testing.assert_array_equal(mine, lime)


def test_the_fit_is_scikit_learns_weighted_ridge() -> None:
    from sklearn.linear_model import Ridge
    from sklearn.metrics import pairwise_distances

    generator = np.random.default_rng(0)
    rows = generator.integers(0, 2, (60, 9))
    rows[0], rows[7] = 1, 0
    scores = generator.normal(size=(60, 3))
    distances = pairwise_distances(rows, np.ones((1, 9)), metric="cosine").ravel()
    near = np.sqrt(np.exp(-(distances**2) / 0.4**2))
    weights, intercepts, fits = linear_fit(torch.from_numpy(rows > 0), torch.from_numpy(scores), 0.4)
    for target in range(3):
        ridge = Ridge(alpha=1, fit_intercept=True).fit(rows, scores[:, target], sample_weight=near)
        np.testing.assert_allclose(weights[target], ridge.coef_, rtol=1e-8)
        np.testing.assert_allclose(intercepts[target], ridge.intercept_, rtol=1e-8)
        np.testing.assert_allclose(fits[target], ridge.score(rows, scores[:, target], near), rtol=1e-8)


class Watching(nn.Module):
    """Answers a logit from the mean colour and keeps every picture that it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images.clone())
        return torch.stack([images.mean((1, 2, 3)), -images.mean((1, 2, 3))], 1)


@pytest.mark.parametrize("segmenter", SETTINGS)
@pytest.mark.parametrize("design", GROUP)
def test_every_superpixel_is_hidden_and_shown_the_last_one_too(segmenter: str, design: str) -> None:
    image = pictures(1)[0]
    segments = segment(image, segmenter, **SETTINGS[segmenter])
    assert segments.unique().tolist() == list(range(int(segments.max()) + 1))
    watching, black = Watching(), torch.full_like(image, -1.0)
    explain(watching, image, segments, [0], hidden=black, design=design, samples=40)
    seen = torch.cat(watching.seen)
    torch.testing.assert_close(seen[0], image)
    for index in range(int(segments.max()) + 1):
        inside = (seen[:, :, segments == index] < 0).flatten(1)
        assert (inside.all(1) | ~inside.any(1)).all()
        assert inside.any(1).any()
        assert not inside[1:].all(1).all()


def test_a_score_that_adds_up_gets_its_own_terms_back() -> None:
    image = pictures(1)[0]
    segments = segment(image, "slic", segments=20)
    answer = explain(Watching(), image, segments, [0, 1], hidden=torch.zeros_like(image), samples=400)
    terms = describe(image, segments)
    expected = torch.from_numpy(terms.colours.mean(1) * terms.areas)
    torch.testing.assert_close(answer.weights[0], expected, rtol=0.05, atol=0)  # ridge alpha 1 shrinks by 4/400/...
    torch.testing.assert_close(answer.weights[0], -answer.weights[1])
    assert answer.settled
    assert (answer.fits > 0.99).all()
    assert (answer.stability == 1).all()


@pytest.mark.parametrize("order", [1, 2, 3, 10, 27, 64, 83, 100, 125])
def test_hadamard_rows_and_columns_are_orthogonal(order: int) -> None:
    matrix = hadamard(order).astype(int)
    assert order <= len(matrix) <= order + 16
    assert (abs(matrix) == 1).all()
    np.testing.assert_array_equal(matrix @ matrix.T, len(matrix) * np.eye(len(matrix)))


def test_balanced_blocks_are_orthogonal_arrays_of_strength_three() -> None:
    block = next(blocks("balanced", 12, 4))[1:].astype(int)
    for a in range(12):
        for b in range(a):
            for c in range(b):
                patterns = np.bincount(block[:, a] + 2 * block[:, b] + 4 * block[:, c], minlength=8)
                assert len(set(patterns)) == 1


@pytest.mark.parametrize("design", ["antithetic", "balanced"])
def test_opposites_follow_each_other(design: str) -> None:
    drawing = blocks(design, 12, 4)
    block = np.concatenate([next(drawing), next(drawing)])
    assert block[0].all()
    block = block[1:]
    np.testing.assert_array_equal(block[0::2], ~block[1::2])


def test_random_blocks_in_a_row_are_the_rows_of_numpys_old_generator() -> None:
    drawing = blocks("random", 7, 5)
    rows = np.concatenate([next(drawing) for _ in range(4)])
    tosses = np.random.RandomState(5).randint(0, 2, rows.size).reshape(-1, 7)
    assert rows[0].all()
    np.testing.assert_array_equal(rows[1:], tosses[1:])


def test_neither_order_nor_company_nor_batch_size_changes_a_bit(model: nn.Module) -> None:
    images = pictures(3)
    cut = [segment(image, segments=20) for image in images]

    def answers(order: list[int]) -> dict[int, Explanation]:
        return {index: explain(model, images[index], cut[index], [1]) for index in order}

    one, other = answers([0, 1, 2]), answers([2, 0])
    for index in (0, 2):
        assert torch.equal(one[index].weights, other[index].weights)
        assert torch.equal(one[index].stability, other[index].stability)
    small = explain(model, images[0], cut[0], [1], batch_size=3)
    torch.testing.assert_close(small.weights, one[0].weights)
    assert not torch.equal(explain(model, images[0], cut[0], [1], seed=1).shown[:40], one[0].shown[:40])


def test_two_targets_at_once_are_each_alone(model: nn.Module) -> None:
    image = pictures(1)[0]
    segments = segment(image, segments=20)
    both = explain(model, image, segments, [2, 5], samples=100)
    for place, target in enumerate([2, 5]):
        alone = explain(model, image, segments, [target], samples=100)
        torch.testing.assert_close(both.weights[place], alone.weights[0])
        torch.testing.assert_close(both.stability[place], alone.stability[0])


@pytest.mark.parametrize("design", GROUP)
def test_the_bootstrap_spreads_like_fresh_draws(design: str) -> None:
    """Where the score is a straight line plus noise, replicates scatter as the weights of new samples do."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.linspace(-1, 1, 12, dtype=torch.float64)

    def once(seed: int) -> tuple[Tensor, Tensor]:
        drawing = blocks(design, 12, seed)
        shown = torch.from_numpy(next(drawing))
        scores = (shown.double() @ truth + torch.randn(len(shown), generator=generator, dtype=torch.float64))[:, None]
        return linear_fit(shown, scores, group=GROUP[design])[0][0], replicates(
            shown, scores, 0.25, GROUP[design], seed
        ).std(0)[0]

    fitted, told = zip(*(once(seed) for seed in range(40)), strict=True)
    assert torch.stack(told).mean() == pytest.approx(float(torch.stack(fitted).std(0).mean()), rel=0.2)


def test_replicates_of_few_targets_at_a_time_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = torch.from_numpy(next(blocks("balanced", 12, 0)))
    scores = torch.randn(len(shown), 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = replicates(shown, scores, 0.25, 2, seed=0)
    monkeypatch.setattr(fit, "_AT_ONCE", 2 * shown.numel())
    torch.testing.assert_close(replicates(shown, scores, 0.25, 2, seed=0), whole)


def test_auto_stops_where_a_fixed_number_would_stand(model: nn.Module) -> None:
    image = pictures(1)[0]
    segments = segment(image, segments=20)
    auto = explain(model, image, segments, [1])
    fixed = explain(model, image, segments, [1], samples=len(auto.shown))
    assert torch.equal(auto.weights, fixed.weights)
    assert auto.settled == fixed.settled


def test_a_network_of_noise_takes_all_the_samples_there_are() -> None:
    class Noise(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.sin(1e5 * images.mean((1, 2, 3)))[:, None].expand(-1, 2)

    image = pictures(1)[0]
    answer = explain(Noise(), image, segment(image, segments=20), [0], hidden=torch.zeros_like(image))
    assert not answer.settled
    assert len(answer.shown) == 999  # the photograph and opposites
    assert (answer.stability < 0.95).any()


def test_the_cut_out_has_the_strongest_stable_superpixels() -> None:
    weights = torch.tensor([0.5, -3.0, 2.0, 9.0, 0.3, 0.1])  # the fourth is not stable, the last faint
    stability = torch.tensor([1.0, 0.96, 0.95, 0.9, 1.0, 1.0])
    assert strongest(weights, stability, 2) == [2, 0]
    assert strongest(weights, stability, 11) == [2, 0, 4]
    assert strongest(weights, stability, 3, positive_only=False) == [1, 2, 0]
    assert strongest(-weights.abs(), stability, 3) == []


def test_half_precision_weights_take_half_precision_samples() -> None:
    model, image = net().bfloat16(), pictures(1)[0].float()
    answer = explain(model, image, segment(image, segments=20), [1], samples=60)
    assert torch.isfinite(answer.weights).all()
    assert answer.weights.dtype == torch.float64


def test_a_training_flag_is_given_back_also_when_the_forward_raises(model: nn.Module) -> None:
    model.train()
    image = pictures(1)[0]
    statistics = model[1].running_mean.clone()  # type: ignore[index, union-attr, operator]
    explain(model, image, segment(image, segments=20), [1], samples=20)
    assert model.training
    assert torch.equal(model[1].running_mean, statistics)  # type: ignore[index, union-attr, arg-type]
    with pytest.raises(RuntimeError):
        explain(model, image[:2], torch.zeros(SIZE, SIZE, dtype=torch.int64), [1], samples=20)
    assert model.training


@pytest.mark.parametrize("samples", [None, 1, 2, 3, 4])
def test_one_superpixel_and_a_black_picture_give_numbers(model: nn.Module, samples: int | None) -> None:
    for image in (pictures(1)[0], torch.zeros(3, SIZE, SIZE, dtype=torch.float64)):
        for segments in (torch.zeros(SIZE, SIZE, dtype=torch.int64), segment(image, segments=20)):
            answer = explain(model, image, segments, [1], samples=samples)
            for values in (answer.weights, answer.intercepts, answer.fits, answer.stability):
                assert torch.isfinite(values).all()


@pytest.mark.parametrize(
    ("segmenter", "settings", "line"),
    [
        ("slic", {"segments": 0}, "`segments` 0: must be from 1 to 2000"),
        ("slic", {"segments": 1e6}, "must be from 1 to 2000"),
        ("slic", {"ratio": 0.5}, "`ratio`: slic does not have it"),
        ("felzenszwalb", {"min_size": -1}, "`min_size` -1: must be from 0"),
        ("quickshift", {"max_distance": float("nan")}, "`max_distance` nan: must be from 0"),
        ("quickshift", {"kernel_size": 0}, "`kernel_size` 0: must be from 1 to 100"),
    ],
)
def test_settings_that_a_segmenter_cannot_use(segmenter: str, settings: dict[str, float], line: str) -> None:
    with pytest.raises(InputError, match=line):
        segment(pictures(1)[0], segmenter, **settings)


def test_hidden_superpixels_show_their_mean_a_blur_or_a_colour() -> None:
    image = pictures(1)[0]
    segments = segment(image, segments=20)
    mean = painted_over(image, segments)
    for index in range(int(segments.max()) + 1):
        inside = image[:, segments == index]
        torch.testing.assert_close(mean[:, segments == index], inside.mean(1, keepdim=True).expand_as(inside))
    assert painted_over(image, segments, "blur").std() < image.std()
    assert painted_over(image, segments, (0.2, 0.4, 0.6))[:, 3, 5].tolist() == pytest.approx([0.2, 0.4, 0.6])


def test_pieces_are_described_by_what_they_cover() -> None:
    image = torch.zeros(3, 4, 8)
    image[0, :, 4:] = 1
    segments = torch.zeros(4, 8, dtype=torch.int64)
    segments[:, 4:] = 1
    mask = np.zeros((4, 8), bool)
    mask[:, 6:] = True
    pieces = describe(image, segments, mask)
    np.testing.assert_allclose(pieces.colours, [[0, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(pieces.areas, [0.5, 0.5])
    np.testing.assert_allclose(pieces.centres, [[0.25, 0.5], [0.75, 0.5]])
    np.testing.assert_allclose(pieces.on_mask, [0, 0.5])
    assert density_ratio(np.array([-1.0, 2.0]), pieces) == pytest.approx((1 / 0.25) / (1 / 0.75))
    assert density_ratio(np.array([1.0, -2.0]), pieces) == 0
    assert density_ratio(np.array([-1.0, -2.0]), pieces) == 1
