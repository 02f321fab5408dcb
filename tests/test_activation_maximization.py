"""Ascents: alone equals in company, nothing left behind, dead filters known, pictures of shapes and not of noise."""

import math

import pytest
import torch
from torch import nn

from foodviz.methods.activation_maximization import (
    LAP,
    fourier_pictures,
    maco_pictures,
    noise_pictures,
    pixel_pictures,
)
from foodviz.methods.ascent import (
    SGD,
    Adam,
    RedirectedReLU,
    channel_centre,
    channel_mean,
    channel_peak,
    diverse_mean,
    one_after_another,
    stuck,
)
from foodviz.methods.random_transforms import affine_maps, moved, random_transforms
from foodviz.methods.spectrum import (
    blurred,
    fitted_statistics,
    from_spectrum,
    high_frequency_share,
    imagenet_statistics,
)

pytestmark = pytest.mark.usefixtures("float64")

SIZE = (16, 16)


@pytest.fixture
def net():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Conv2d(6, 5, 3, padding=1)]
    net = nn.Sequential(*layers, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4))
    net[3].bias.data[4] = -100.0  # what comes after its ReLU is dead
    return net.requires_grad_(False).eval()


def ascend(recipe, net, channels, seeds, layer=3, steps=20, **settings):
    channels = torch.tensor(channels)
    if recipe is pixel_pictures:
        return recipe(
            net, net[layer], channels, noise_pictures(seeds, SIZE), optimizer=Adam(0.05), steps=steps, **settings
        )
    return recipe(net, net[layer], channels, imagenet_statistics(SIZE), seeds=seeds, steps=steps, **settings)


RECIPES = [fourier_pictures, maco_pictures, pixel_pictures]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_filter_among_five_equals_it_alone(net, recipe):
    together = ascend(recipe, net, [0, 1, 2, 3, 1], [5, 6, 7, 8, 9])
    alone = ascend(recipe, net, [2], [7])
    torch.testing.assert_close(together.pictures[2], alone.pictures[0])
    torch.testing.assert_close(together.curve[:, 2], alone.curve[:, 0])
    assert not torch.equal(together.pictures[1], together.pictures[4])  # the same filter from another seed


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_climbs_stays_in_range_and_repeats(net, recipe):
    ascent = ascend(recipe, net, [0, 1], [1, 2], steps=60, every=20)
    assert (ascent.curve[-10:].mean(0) > ascent.curve[:10].mean(0)).all()
    assert ascent.pictures.min() >= 0
    assert ascent.pictures.max() <= 1
    assert ascent.frames.shape == (3, 2, 3, *SIZE)
    assert torch.equal(ascent.pictures, ascend(recipe, net, [0, 1], [1, 2], steps=60).pictures)


@pytest.mark.parametrize("recipe", [fourier_pictures, maco_pictures])
def test_a_settled_picture_leaves_and_the_others_go_on_as_without_it(net, recipe):
    steps = 4 * LAP
    net[3].weight[2], net[3].bias[2] = 0, 1.0  # whatever is drawn: settled when it is first looked at
    full = ascend(recipe, net, [0, 2], [5, 6], steps=steps, every=LAP)
    early = ascend(recipe, net, [0, 2], [5, 6], steps=steps, settled=1e-9)
    taken = early.curve.isfinite().sum(0)
    assert taken[1] == 2 * LAP < taken[0]
    assert taken[0] == steps or taken[0] % LAP == 0
    torch.testing.assert_close(early.curve[: taken[0], 0], full.curve[: taken[0], 0])
    then = [*full.frames, full.pictures][int(taken[0]) // LAP]
    torch.testing.assert_close(early.pictures[0], then[0])
    eager = ascend(recipe, net, [0, 1], [5, 6], steps=steps, settled=1e9)
    assert eager.curve.isfinite().sum(0).tolist() == [2 * LAP] * 2


def test_plain_ascent_is_the_course_recipe(net):
    """Adam on the pixels, minus the mean of the map, against torch's own optimisers."""
    start = noise_pictures([3], SIZE)
    for optimizer, ours in [
        (torch.optim.Adam, Adam(0.1, weight_decay=0.01)),
        (torch.optim.AdamW, Adam(0.1, fading=0.01)),
        (torch.optim.SGD, SGD(0.1, weight_decay=0.01)),
    ]:
        pixels = start.clone().requires_grad_()
        theirs = optimizer([pixels], lr=0.1, weight_decay=0.01)
        for _ in range(8):
            theirs.zero_grad()
            (-net[:4](pixels)[:, 1].mean()).backward()
            theirs.step()
        ascent = pixel_pictures(net, net[3], torch.tensor([1]), start, optimizer=ours, steps=8)
        torch.testing.assert_close(ascent.pictures, pixels.detach().clamp(0, 1))
    assert torch.equal(start, noise_pictures([3], SIZE))  # the caller's start is not climbed in place


def test_a_dead_filter_is_known_and_a_sleeping_one_is_woken(net):
    assert ascend(fourier_pictures, net, [4, 0], [1, 2], layer=3).dead.tolist() == [False, False]
    net[3].weight[4] = 0
    ascent = ascend(fourier_pictures, net, [4, 0], [1, 2], layer=4)
    assert ascent.dead.tolist() == [True, False]
    net[3].weight[4], net[3].bias[4] = net[3].weight[0], -0.5 - net[3].bias[0].abs()
    assert not ascend(fourier_pictures, net, [4], [1], layer=4).dead.any()


def test_nothing_is_left_behind(net):
    net.train()
    net[1].eval()
    flags = [module.training for module in net.modules()]
    before = {key: value.clone() for key, value in net.state_dict().items()}
    ascend(fourier_pictures, net, [0], [1], steps=2)
    with pytest.raises(IndexError):
        ascend(fourier_pictures, net, [99], [1], steps=2)
    assert [module.training for module in net.modules()] == flags
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
    assert net[2](torch.tensor([-1.0])).tolist() == [0.0]  # ReLU is ReLU again


def test_an_in_place_relu_behind_the_layer_changes_nothing(net):
    other = nn.Sequential(*net[:2], nn.ReLU(), *net[3:])
    mine, theirs = (ascend(pixel_pictures, one, [0], [1], layer=1) for one in (net, other))
    assert torch.equal(mine.pictures, theirs.pictures)


def test_pictures_of_two_objectives_in_one_batch_are_those_of_each(net):
    both = one_after_another(channel_mean, 1, channel_peak)
    together = ascend(fourier_pictures, net, [1, 1], [5, 6], objective=both)
    mean, peak = (
        ascend(fourier_pictures, net, [1], [seed], objective=objective)
        for seed, objective in ((5, channel_mean), (6, channel_peak))
    )
    torch.testing.assert_close(together.rows(slice(1)).pictures, mean.pictures)
    torch.testing.assert_close(together.rows(slice(1, None)).curve, peak.curve)


def test_objectives(net):
    output = torch.rand(2, 3, 5, 4)
    channels = torch.tensor([2, 0])
    torch.testing.assert_close(channel_mean(output, channels), torch.stack([output[0, 2].mean(), output[1, 0].mean()]))
    assert channel_centre(output, channels).tolist() == [output[0, 2, 2, 2].item(), output[1, 0, 2, 2].item()]
    assert channel_peak(output, channels).tolist() == [output[0, 2, :, 1:3].max(), output[1, 0, :, 1:3].max()]
    assert channel_peak(output[..., 0, 0], channels).tolist() == [output[0, 2, 0, 0].item(), output[1, 0, 0, 0].item()]
    assert channel_mean(output[..., 0, 0], channels).tolist() == [output[0, 2, 0, 0].item(), output[1, 0, 0, 0].item()]
    likes = diverse_mean(output[[0, 0, 1]], torch.tensor([1, 1, 1]))
    assert (likes[0] < channel_mean(output[:1], torch.tensor([1]))).all()
    torch.testing.assert_close(diverse_mean(output, channels), channel_mean(output, channels))  # nothing to differ from
    logits = fourier_pictures(net, net, torch.tensor([3]), imagenet_statistics(SIZE), seeds=[0], steps=30)
    assert logits.curve[-1] > logits.curve[0]


def test_redirected_relu_only_helps_pictures_without_a_gradient():
    values = torch.tensor([[-1.0, 2.0], [-1.0, -2.0]], requires_grad=True)
    with RedirectedReLU():
        out = nn.functional.relu(values)
    assert out.tolist() == [[0.0, 2.0], [0.0, 0.0]]
    (gradient,) = torch.autograd.grad((out * torch.tensor([[1.0, 3.0], [5.0, -7.0]])).sum(), values)
    assert gradient.tolist() == [[0.0, 3.0], [5.0, 0.0]]
    full = torch.tensor([[7.0, 8.0]], requires_grad=True)
    with RedirectedReLU():
        (gradient,) = torch.autograd.grad((nn.ReLU6()(full) * torch.tensor([[1.0, -1.0]])).sum(), full)
    assert gradient.tolist() == [[0.0, -1.0]]
    assert stuck(torch.zeros(2, 3)).all()


def test_transforms_shift_scale_and_turn():
    picture = torch.zeros(1, 3, 9, 9)
    picture[:, :, 4, 6] = 1.0
    rest = torch.zeros(1), torch.ones(1), torch.zeros(1, 2)
    assert torch.allclose(moved(picture, affine_maps(*rest)), picture, atol=1e-6)
    shifted = moved(picture, affine_maps(rest[0], rest[1], torch.tensor([[1.0, 0.0]])))
    assert torch.allclose(shifted[0, 0, 4, 5], torch.tensor(1.0), atol=1e-5)
    turned = moved(picture, affine_maps(torch.tensor([torch.pi / 2]), *rest[1:]))
    assert turned[0, 0].amax() > 0.99
    assert turned[0, 0, :, 4].amax() > 0.99  # from beside the centre to above or below it
    assert turned[0, 0, 2, 4] + turned[0, 0, 6, 4] > 0.99
    larger = moved(picture, affine_maps(rest[0], torch.tensor([2.0]), rest[2]))
    assert larger[0, 0, 4, 8] > 0.99
    generators = [torch.Generator().manual_seed(1)]
    colour = torch.tensor([0.1, 0.5, 0.9])
    even = colour.view(1, 3, 1, 1).expand(1, 3, 9, 9)
    transform = random_transforms(generators, 3, colour)
    assert torch.allclose(transform(even, 1, torch.arange(1)), even)  # nothing but its own colour outside


@pytest.mark.parametrize("size", [(16, 16), (15, 18), (17, 13)])
def test_statistics_of_pictures_come_back(size):
    generator = torch.Generator().manual_seed(0)
    base = imagenet_statistics(size)
    spectra = torch.view_as_complex(torch.randn(400, *base.magnitude.shape, 2, generator=generator)) * base.magnitude
    pictures = from_spectrum(spectra / 2**0.5, base)
    fitted = fitted_statistics(pictures)
    again = from_spectrum(
        torch.polar(fitted.magnitude.expand(400, -1, -1, -1), torch.rand(400, *base.magnitude.shape) * 6.2832), fitted
    )
    assert again.shape == (400, 3, *size)
    torch.testing.assert_close(
        torch.cov(again.movedim(1, 0).flatten(1)), torch.cov(pictures.movedim(1, 0).flatten(1)), rtol=0.25, atol=0.005
    )
    assert (fitted.magnitude[:, 1, 1] > fitted.magnitude[:, size[0] // 2, size[1] // 2]).all()


@pytest.mark.parametrize(("large", "small"), [((32, 48), (16, 24)), ((30, 33), (15, 11)), ((24, 24), (9, 10))])
def test_statistics_of_smaller_pieces_have_the_magnitudes_of_the_same_waves(large, small):
    whole = fitted_statistics(torch.rand(30, 3, *large, generator=torch.Generator().manual_seed(0)).cumsum(-1) / 48)
    piece = whole.of_size(small)
    assert piece.magnitude.shape == (3, small[0], small[1] // 2 + 1)
    assert torch.equal(piece.colour, whole.colour)
    mirrored = torch.tensor([1 if across in (0, small[1] / 2) else 2 for across in range(small[1] // 2 + 1)])
    energy = (piece.magnitude.square() * mirrored).sum((1, 2)) / (small[0] * small[1])
    torch.testing.assert_close(energy, torch.ones(3))
    if large[0] % small[0] == large[1] % small[1] == 0:  # every wave of the piece is one of the whole
        step = large[0] // small[0], large[1] // small[1]
        ratio = piece.magnitude / whole.magnitude[:, :: step[0], :: step[1]][..., : small[1] // 2 + 1]
        torch.testing.assert_close(ratio, ratio[:, :1, :1].expand_as(ratio))
    assert whole.of_size(large) is whole


def test_a_spectrum_beyond_the_ends_finds_back():
    base = imagenet_statistics(SIZE)
    spectrum = torch.zeros(2, *base.magnitude.shape, dtype=torch.complex128)
    spectrum[:, 0, 0, 0] = torch.tensor([100.0, -100.0])  # brightness, far above and far below what there is
    spectrum.requires_grad_()
    pictures = from_spectrum(spectrum, base)
    assert (pictures[0] == 1).all()
    assert (pictures[1] == 0).all()
    for wish, lost in ((1.0, [0, 1]), (-1.0, [1, 0])):
        (gradient,) = torch.autograd.grad(wish * pictures.sum(), spectrum, retain_graph=True)
        assert (gradient[:, 0, 0, 0].real.sign() * wish).tolist() == lost


def test_a_blur_weakens_waves_as_a_gaussian_does():
    wave = (torch.arange(64) * 2 * math.pi / 8).cos().expand(2, 3, 32, 64)  # 8 pixels long
    deviations = torch.tensor([0.0, 1.5])
    left = (-(2 * math.pi * deviations / 8).square() / 2).exp().view(2, 1, 1, 1)
    torch.testing.assert_close(blurred(wave, deviations), wave * left)


def test_high_frequency_share():
    across = torch.arange(32).float().expand(1, 3, 32, 32)
    waves = torch.cat([torch.sin(across * 2 * torch.pi * 4 / 32), torch.sin(across * 2 * torch.pi * 12 / 32)])
    assert high_frequency_share(waves).tolist() == pytest.approx([0, 1], abs=1e-4)


def test_spectra_draw_less_high_frequency_than_pixels(net):
    fourier, pixel = (ascend(recipe, net, [0, 1], [1, 2], steps=40) for recipe in (fourier_pictures, pixel_pictures))
    assert (high_frequency_share(fourier.pictures) < high_frequency_share(pixel.pictures)).all()
