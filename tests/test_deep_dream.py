import numpy as np
import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.hooks import capture, run_to
from foodviz.methods.ascent import layer_energy
from foodviz.methods.deep_dream import Moment, channels, climber, dream, in_model_space, likeness
from foodviz.methods.octaves import carried, dream_octaves, octave_sizes, resized, smoothed, spans, tiled, zoom
from foodviz.metrics.change import by_region, change, half_way, on_and_off

pytestmark = pytest.mark.usefixtures("float64")


class Net(nn.Module):
    """A plain classifier that normalises first, as foodviz.models.Classifier does."""

    def __init__(self, cnn, head, mean, std):
        super().__init__()
        self.cnn, self.head = cnn, head
        self.mean, self.std = (torch.tensor(values).view(1, 3, 1, 1) for values in (mean, std))
        self.eval().requires_grad_(False)

    def forward(self, images):
        return self.head(self.cnn((images - self.mean) / self.std))


def stack(*widths, norm):
    layers, before = [], 3
    for width in widths:
        layers.append(nn.Conv2d(before, width, 3, padding=1))
        layers += [nn.BatchNorm2d(width)] if norm else []
        layers += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        before = width
    return nn.Sequential(*layers)


def pooled(width, classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


@pytest.fixture
def imagenet_net():
    torch.manual_seed(1)
    cnn = stack(8, 12, 16, norm=False)
    return Net(cnn, pooled(16, 1000), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), cnn[6], 224


@pytest.fixture
def food_net():
    torch.manual_seed(2)
    cnn = stack(8, 12, 16, norm=True)
    return Net(cnn, nn.Sequential(nn.Flatten(), nn.Linear(16 * 16 * 16, 11)), (0.0,) * 3, (1.0,) * 3), cnn[8], 128


@pytest.fixture
def photograph():
    torch.manual_seed(3)
    coarse = torch.rand(1, 3, 8, 10)
    return nn.functional.interpolate(coarse, size=(64, 80), mode="bicubic").clamp(0, 1)


def cited(cnn, depth, channel, picture, steps):
    """The cited script, slowly, in its own words: the picture is what the optimiser holds."""
    picture = nn.Parameter(picture.clone())
    optimizer = torch.optim.SGD([picture], lr=12, weight_decay=1e-4)
    for _ in range(steps):
        optimizer.zero_grad()
        x = picture
        for layer in list(cnn)[: depth + 1]:
            x = layer(x)
        loss = -torch.mean(x[0, channel])
        loss.backward()
        optimizer.step()
        yield picture.detach().clone(), -loss.item()


@pytest.mark.parametrize("shape", ["imagenet_net", "food_net"])
@pytest.mark.parametrize("space", ["pixels", "model"])
def test_plain_recipe_is_the_cited_script_step_by_step(shape, space, request):
    net, layer, side = request.getfixturevalue(shape)
    depth = list(net.cnn).index(layer)
    pixels = torch.rand(1, 3, side, side)
    climb = climber(net, layer, channels([5]))
    if space == "model":
        start, cnn = (pixels - net.mean) / net.std, net.cnn
        climb = in_model_space(climb, net.mean, net.std)
    else:  # the script on a net whose first layer normalises
        start, depth = pixels, depth + 1
        normalise = nn.Conv2d(3, 3, 1)
        normalise.weight.data = torch.diag(1 / net.std.flatten())[:, :, None, None]
        normalise.bias.data = (-net.mean / net.std).flatten()
        cnn = nn.Sequential(normalise, *net.cnn)
    ours = list(dream(climb, Moment(0, start), steps=12))
    assert [moment.step for moment in ours] == list(range(13))
    assert (ours[-1].canvas - start).abs().mean() > 1e-3
    for before, after, (picture, value) in zip(ours, ours[1:], cited(cnn, depth, 5, start, 12), strict=False):
        torch.testing.assert_close(after.canvas, picture)
        assert before.objective == pytest.approx(value, rel=1e-9)


def test_250_steps_of_which_every_tenth_is_looked_at_give_25_frames(food_net, photograph):
    net, layer, _ = food_net
    moments = dream(climber(net, layer, channels([0])), Moment(0, photograph), steps=250, lr=1.0)
    frames = [moment.step for moment in moments if moment.step and moment.step % 10 == 0]
    assert len(frames) == 25
    assert frames[0] == 10
    assert frames[-1] == 250


def test_adam_is_torchs(food_net, photograph):
    net, layer, _ = food_net
    climb = climber(net, layer, channels([3]))
    picture = nn.Parameter(photograph.clone())
    optimizer = torch.optim.Adam([picture], lr=0.02, weight_decay=1e-4, maximize=True)
    for moment in dream(climb, Moment(0, photograph), steps=8, lr=0.02, optimizer="adam"):
        torch.testing.assert_close(moment.canvas, picture.detach())
        picture.grad = climb(picture)[1]
        optimizer.step()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_resumed_dream_is_the_uninterrupted_one(food_net, photograph, optimizer):
    net, layer, _ = food_net
    climb = climber(net, layer, channels([3]))
    whole = list(dream(climb, Moment(0, photograph), steps=9, lr=0.05, optimizer=optimizer))
    stopped = list(dream(climb, Moment(0, photograph), steps=4, lr=0.05, optimizer=optimizer))[-1]
    rest = list(dream(climb, stopped, steps=9, lr=0.05, optimizer=optimizer))
    for ours, theirs in zip(whole[4:], rest, strict=True):
        assert torch.equal(ours.canvas, theirs.canvas)
        assert ours.objective == theirs.objective


def test_the_caller_keeps_picture_and_net_as_they_were(food_net, photograph):
    net, layer, _ = food_net
    before, weights = photograph.clone(), [weight.clone() for weight in net.parameters()]
    list(dream(climber(net, layer, channels([3])), Moment(0, photograph), steps=3))
    assert torch.equal(photograph, before)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), weights, strict=True))
    assert all(weight.grad is None for weight in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def test_weighted_channels_add_up(food_net, photograph):
    net, layer, _ = food_net
    parts = [climber(net, layer, channels([index]))(photograph) for index in (2, 7)]
    value, gradient = climber(net, layer, channels([2, 7], [0.5, -2.0]))(photograph)
    torch.testing.assert_close(value, 0.5 * parts[0][0] - 2 * parts[1][0])
    torch.testing.assert_close(gradient, 0.5 * parts[0][1] - 2 * parts[1][1])


def test_a_class_is_a_channel_of_the_logits(food_net):
    net, _, side = food_net
    picture = torch.rand(1, 3, side, side)
    value, _ = climber(net, None, channels([4]))(picture)
    torch.testing.assert_close(value, net(picture)[:, 4])


def test_the_guide_is_most_like_itself(food_net, photograph):
    net, layer, _ = food_net
    features = run_to(net, layer, photograph)
    guide = features / features.flatten(2).norm(dim=2, keepdim=True)[..., None]
    slow = 0.0
    here, there = features.flatten(2)[0], guide.flatten(2)[0]
    for cell in here.T:
        slow += max(float(cell @ other) for other in there.T) / here.shape[1]
    assert float(likeness(guide)(features)) == pytest.approx(slow, rel=1e-9)


def test_a_dead_channel_is_refused_instead_of_drawn(food_net, photograph):
    net, _, _ = food_net
    net.cnn[4].weight.data[6], net.cnn[4].bias.data[6] = 0.0, -9.0
    climb = climber(net, net.cnn[6], channels([6]))  # the ReLU behind it
    with pytest.raises(InputError, match="gradient is zero everywhere"):
        next(dream(climb, Moment(0, photograph), steps=3))


def test_an_overflowing_dream_is_refused(food_net, photograph):
    net, layer, _ = food_net
    climb = climber(net, layer, channels([3]))
    with pytest.raises(InputError, match="smaller `lr`"):
        list(dream(climb, Moment(0, photograph), steps=200, lr=1e30, weight_decay=1.0))


def test_the_inplace_relu_behind_the_layer_does_not_reach_the_objective(food_net, photograph):
    net, layer, _ = food_net  # a BatchNorm before an in-place ReLU
    with capture(layer) as outputs:
        net.cnn(photograph)
    value, _ = climber(net, layer, channels([3]))(photograph)
    torch.testing.assert_close(value, outputs[0][:, 3].mean((1, 2)))
    assert outputs[0].min() < 0


# ---- octaves ----


@pytest.mark.parametrize(("length", "tile", "margin"), [(300, 128, 32), (512, 128, 16), (129, 128, 32), (90, 128, 32)])
def test_tiles_keep_every_pixel_once_and_a_margin_away_from_their_edge(length, tile, margin):
    kept = []
    for start, end, first, last in spans(length, tile, margin):
        assert end - start == min(tile, length)
        assert start <= first < last <= end
        assert first - start >= margin or start == 0
        assert end - last >= margin or end == length
        kept += range(first, last)
    assert kept == list(range(length))


@pytest.mark.parametrize("objective", [channels([5]), layer_energy])
def test_the_gradient_of_tiles_is_that_of_the_whole_picture(food_net, objective):
    net, layer, _ = food_net  # receptive field 18 pixels, grid 4
    torch.manual_seed(5)
    picture = torch.rand(1, 3, 128, 192)
    climb = climber(net, layer, objective)
    _, whole = climb(picture)
    value, parts = tiled(climb, (96, 96), 24)(picture)
    torch.testing.assert_close(parts, whole)
    assert value.shape == (1,)
    one_by_one = tiled(climb, (96, 96), 24, at_once=1)(picture)
    torch.testing.assert_close(one_by_one[1], parts)


def test_octaves_end_at_the_pictures_own_size():
    assert octave_sizes(300, 200, 3, 1.5) == [(133, 89), (200, 133), (300, 200)]
    assert octave_sizes(40, 40, 5, 2.0) == [(40, 40)]
    assert octave_sizes(512, 384, 4, 1.4, smallest=200) == [(261, 196), (366, 274), (512, 384)][1:]


def test_detail_is_carried_from_octave_to_octave(photograph):
    small = resized(photograph, (32, 40))
    torch.testing.assert_close(carried(photograph, small, (64, 80)), photograph)
    grown = carried(photograph * 0.5, small * 0.5 + 0.25, (64, 80))
    torch.testing.assert_close(grown, photograph * 0.5 + 0.25)


def test_smoothing_keeps_the_mean_and_takes_the_noise_away():
    noise = torch.randn(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    assert smoothed(noise, 1.0).std() < 0.5 * noise.std()
    torch.testing.assert_close(smoothed(torch.full((1, 3, 20, 20), 2.0), 1.0), torch.full((1, 3, 20, 20), 2.0))


def octave_settings(picture):
    return {"sizes": octave_sizes(*picture.shape[2:], 2, 1.4), "steps": 5, "seed": 3}


def test_octaves_climb_repeat_and_resume(food_net, photograph):
    net, layer, _ = food_net
    climb = tiled(climber(net, layer, channels([3])), (48, 48), 8)
    settings = octave_settings(photograph)
    start = Moment(0, resized(photograph, settings["sizes"][0]))
    moments = list(dream_octaves(climb, photograph, start, **settings))
    assert [moment.step for moment in moments] == list(range(11))
    assert moments[4].objective > moments[0].objective
    assert moments[10].objective > moments[5].objective
    assert moments[-1].canvas.shape == photograph.shape
    assert moments[-1].canvas.min() >= 0
    assert moments[-1].canvas.max() <= 1
    again = list(dream_octaves(climb, photograph, start, **settings))
    assert torch.equal(again[-1].canvas, moments[-1].canvas)
    for stop in (3, 5):  # inside an octave, and between two
        rest = list(dream_octaves(climb, photograph, moments[stop], **settings))
        assert torch.equal(rest[-1].canvas, moments[-1].canvas)
    other = list(dream_octaves(climb, photograph, start, **{**settings, "seed": 4}))
    assert not torch.equal(other[-1].canvas, moments[-1].canvas)


def test_zoom_goes_on_dreaming_inwards(food_net, photograph):
    net, layer, _ = food_net
    climb = climber(net, layer, channels([3]))
    frames = list(zoom(climb, photograph, frames=3, steps=2))
    assert [frame.shape for frame in frames] == [photograph.shape] * 3
    assert climb(frames[-1])[0] > climb(photograph)[0]
    still = list(zoom(climb, photograph, frames=2, factor=1.0, lr=0.0))
    torch.testing.assert_close(still[-1], photograph)


# ---- where and when it changed ----


def test_change_is_measured_on_a_region_and_off_it():
    photograph = np.full((40, 48, 3), 100, np.uint8)
    region = np.zeros((40, 48), bool)
    region[10:20, 8:24] = True
    frames = [photograph.copy() for _ in range(3)]
    frames[1][region] += 51
    frames[2][region] += 51
    frames[2][~region] -= 51
    curve = on_and_off(photograph, frames, region)
    np.testing.assert_allclose(curve, [[0, 0.2, 0.2], [0, 0, 0.2]], atol=1e-6)
    assert half_way([0, 10, 20], curve[0]) == 10
    assert half_way([0, 10, 20], curve[1]) == 20
    assert half_way([0, 10], np.zeros(2, np.float32)) is None
    assert np.isnan(on_and_off(photograph, frames, np.ones((40, 48), bool))[1]).all()
    np.testing.assert_allclose(by_region(change(photograph, frames[2]), 4), np.full((4, 4), 0.2), atol=1e-6)
