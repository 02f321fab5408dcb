"""Interventions change what they say and nothing else."""

import pytest
import torch
from scipy.ndimage import gaussian_filter

from foodviz.errors import InputError
from foodviz.methods.interventions import colour, place, texture
from foodviz.methods.interventions.catalogue import CHANGES, KINDS, Intervention, known, named, usual
from foodviz.methods.interventions.stage import _MAKERS, Stage
from foodviz.methods.interventions.surroundings import filled, grown, mean_colour

EVERY = [
    named(f"{region}:{name}" if len(change.regions) > 1 else name)
    for name, change in CHANGES.items()
    for region in change.regions
]
each_intervention = pytest.mark.parametrize("intervention", EVERY, ids=lambda each: each.name)


@pytest.fixture
def masks():
    """(4, 24, 24): three boxes, and a picture without an object."""
    masks = torch.zeros(4, 24, 24, dtype=torch.bool)
    masks[0, 4:15, 6:20] = masks[1, :9, :9] = masks[2, 10:, 3:22] = True
    return masks


@pytest.fixture
def stage(images, masks):
    return Stage(images, masks, (5, 6, 7, 8), images.flip(0))


# ---------------------------------------------------------------- all of them


@each_intervention
def test_outside_of_its_region_a_picture_stays_exactly_as_it_was(stage, intervention):
    before = stage.images.clone()
    changed = stage.changed(intervention)
    region = stage.region(intervention)
    assert torch.equal(stage.images, before)
    assert torch.equal(changed.images.movedim(1, -1)[~region], before.movedim(1, -1)[~region])
    assert changed.images.shape == before.shape
    assert changed.images.min() >= 0
    assert changed.images.max() <= 1
    assert (changed.images != before).flatten(1).any(1)[region.flatten(1).any(1)].all()


@each_intervention
@pytest.mark.usefixtures("float64")
def test_a_batch_is_its_pictures_one_by_one(stage, intervention):
    together = Stage(stage.images.double(), stage.masks, stage.seeds, stage.others.double()).changed(intervention)
    for index in range(4):
        one = slice(index, index + 1)
        images, others = stage.images[one].double(), stage.others[one].double()
        alone = Stage(images, stage.masks[one], stage.seeds[one], others).changed(intervention)
        torch.testing.assert_close(alone.images, together.images[one])
        torch.testing.assert_close(alone.cut, together.cut[one])


@each_intervention
def test_the_same_again_gives_the_same_bytes(stage, intervention):
    again = Stage(stage.images, stage.masks, stage.seeds, stage.others)
    assert torch.equal(stage.changed(intervention).images, again.changed(intervention).images)


def test_what_is_cut_is_counted(images, masks):
    white = Stage(torch.ones_like(images), masks, range(4)).changed(named("bright"))
    assert white.cut.tolist() == [1, 1, 1, 0]  # the last has no object
    assert not Stage(images, masks, range(4)).changed(named("dark")).cut.any()
    half = images.clone().clamp_max(0.5)
    half[:, 0, :, :12] = 1
    cut = Stage(half, None, range(4)).changed(named("bright", masked=False)).cut
    torch.testing.assert_close(cut, torch.full((4,), 0.5))


def test_what_needs_masks_or_others_says_so(images, masks):
    with pytest.raises(ValueError, match="object"):
        Stage(images, None, range(4)).changed(named("gone"))
    with pytest.raises(ValueError, match="other"):
        Stage(images, masks, range(4)).changed(named("other"))


# ---------------------------------------------------------------- colour


def test_hue_turns_about_the_grey_axis(images):
    torch.testing.assert_close(colour.hue(images, 120), images.roll(1, 1))
    torch.testing.assert_close(colour.hue(images, 240), images.roll(2, 1))
    torch.testing.assert_close(colour.hue(colour.hue(images, 77), -77), images)
    turned = colour.hue(images, 40)
    torch.testing.assert_close(turned.mean(1), images.mean(1))
    torch.testing.assert_close((turned - turned.mean(1, True)).norm(dim=1), (images - images.mean(1, True)).norm(dim=1))
    shades = images[:, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(colour.hue(shades, 40), shades)


def test_grey_saturation_brightness_and_channels(images):
    grey = colour.grey(images)
    torch.testing.assert_close(grey, grey[:, :1].expand_as(grey))
    torch.testing.assert_close(colour.grey(grey), grey)
    torch.testing.assert_close(colour.saturation(images, 0), grey)
    torch.testing.assert_close(colour.grey(colour.saturation(images, 0.3)), grey)
    torch.testing.assert_close(colour.brightness(images, 0.5), images / 2)
    changed = colour.equalised(images, 1)
    torch.testing.assert_close(changed[:, 1], (images[:, 0] + images[:, 2]) / 2)
    assert torch.equal(changed[:, ::2], images[:, ::2])


# ---------------------------------------------------------------- texture


@pytest.mark.parametrize("size", [(24, 24), (20, 33)])
def test_low_and_high_pass_are_scipys_gaussian(size):
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    deviation = 0.1 * min(size)
    wanted = gaussian_filter(images.numpy(), (0, 0, deviation, deviation), mode="nearest", radius=round(4 * deviation))
    torch.testing.assert_close(texture.low_pass(images, 0.1), torch.from_numpy(wanted), atol=1e-6, rtol=0)
    mean = images.mean((2, 3), keepdim=True)
    whole = texture.low_pass(images, 0.1) + texture.high_pass(images, 0.1, mean) - mean
    torch.testing.assert_close(whole, images)


def test_shuffled_squares_are_the_same_squares_in_another_order(images):
    region = torch.ones(4, 24, 24, dtype=torch.bool)
    changed = texture.shuffled(images, region, range(4))
    squares = [each.unfold(2, 1, 1).flatten(2).sort(2).values for each in (images, changed)]  # of one pixel each
    assert torch.equal(*squares)
    assert not torch.equal(changed, images)
    large = torch.rand(1, 3, 37, 50)  # squares of two pixels; a row is left over
    moved = texture.shuffled(large, torch.ones(1, 37, 50, dtype=torch.bool), [3])
    assert torch.equal(moved[:, :, 36:], large[:, :, 36:])
    one, other = (
        {
            tuple(square.flatten().tolist())
            for square in each[0, :, :36].unfold(1, 2, 2).unfold(2, 2, 2).permute(1, 2, 0, 3, 4).flatten(0, 1)
        }
        for each in (large, moved)
    )
    assert one == other


def test_a_silhouette_has_the_mean_colour(stage):
    changed = stage.changed(named("silhouette"))
    mean = mean_colour(stage.images, stage.masks)
    torch.testing.assert_close(changed.images[0, :, 8, 8], mean[0, :, 0, 0])
    torch.testing.assert_close(mean[0, :, 0, 0], stage.images[0][:, stage.masks[0]].mean(1))


@pytest.mark.parametrize("name", ["blur", "low-pass", "high-pass", "shuffled", "silhouette", "background:blur"])
def test_texture_brings_in_nothing_from_beyond_its_region(stage, name):
    intervention = named(name)
    beyond = ~stage.region(intervention)
    if intervention.region == "background":
        beyond = stage.masks
    repainted = torch.where(beyond[:, None], torch.rand_like(stage.images), stage.images)
    other = Stage(repainted, stage.masks, stage.seeds).changed(intervention)
    inside = stage.region(intervention)
    assert torch.equal(other.images.movedim(1, -1)[inside], stage.changed(intervention).images.movedim(1, -1)[inside])


# ---------------------------------------------------------------- place, surroundings


def test_places_move_whole_pixels(images):
    torch.testing.assert_close(place.turned(images, 90), images.rot90(1, (2, 3)), atol=1e-5, rtol=0)
    torch.testing.assert_close(place.scaled(images, 1), images, atol=1e-5, rtol=0)
    assert torch.equal(place.mirrored(images), images.flip(3))
    right = place.shifted(images, 1 / 8, [0] * 4)  # 3 of 24 pixels
    torch.testing.assert_close(right[..., :-3], images[..., 3:], atol=1e-5, rtol=0)
    down = place.shifted(images, 1 / 8, [2] * 4)
    torch.testing.assert_close(down[:, :, :-3], images[:, :, 3:], atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(24, 24), (17, 30), (1, 1)])
def test_surroundings_go_on_in_the_colours_that_are_known(size):
    images = torch.rand(2, 3, *size)
    whole = torch.ones(2, *size, dtype=torch.bool)
    assert torch.equal(filled(images, whole), images)
    torch.testing.assert_close(filled(images, ~whole), torch.full_like(images, 0.5))
    some = torch.zeros_like(whole)
    some[:, 0, 0] = True
    torch.testing.assert_close(filled(images, some), images[:, :, :1, :1].expand_as(images))
    assert bool((grown(some, 1 / 24) & some)[:, 0, 0].all())


def test_food_that_is_gone_leaves_no_rim(images, masks):
    """The pixels beside a mask show a little of the object, and neither they nor their colour stay."""
    rim = grown(masks, 1 / 64)
    painted = torch.where(rim[:, None], 1.0, 0.25 * torch.ones_like(images))
    changed = Stage(painted, masks, range(4)).changed(named("gone"))
    torch.testing.assert_close(changed.images, torch.full_like(images, 0.25))


# ---------------------------------------------------------------- catalogue


def test_the_catalogue_names_what_there_is():
    assert _MAKERS.keys() == CHANGES.keys()
    assert {each.kind for each in EVERY} == set(KINDS)
    assert all(each.kind == "background" for each in EVERY if each.region == "background")
    assert named("grey") == Intervention("grey", "grey", "object")
    assert named("grey").words == "the food is grey"
    assert named("background:blur").words == "the background is blurred"
    assert {each.kind for each in usual()} == set(KINDS)
    assert len(usual()) == len(set(usual()))


def test_without_masks_the_picture_is_changed_as_a_whole():
    assert named("grey", masked=False).region == "picture"
    assert {each.region for each in usual(masked=False)} == {"picture"}
    assert known([], masked=False) == usual(masked=False)
    for name in ("background:grey", "object:grey", "gone", "other"):
        with pytest.raises(InputError, match="without `masks`"):
            named(name, masked=False)


@pytest.mark.parametrize(
    ("name", "said"), [("gray", "'grey'"), ("object:shift", "picture"), ("food:grey", "object"), (":x", "no such")]
)
def test_what_there_is_not_is_refused(name, said):
    with pytest.raises(InputError, match=said):
        known([name])
