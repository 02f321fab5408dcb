"""Architectures guessed from weights alone: the logits are the net's own; what weights cannot say, pictures decide."""

from itertools import pairwise

import pytest
import torch
from conftest import same_answers
from torch import nn
from trained import carried, largest, leaky, stripes

from foodviz.models import load
from foodviz.models.architectures import NAMES, build
from foodviz.models.guess.candidates import ACTIVATIONS, candidates, variants
from foodviz.models.guess.choice import choose
from foodviz.models.guess.guessed import Score
from foodviz.models.guess.match import class_count, fill, known_architecture, misfits
from foodviz.models.guess.rating import Rating, rate
from foodviz.models.guess.stack import build_stack, parse, text_of
from foodviz.models.preprocessing import Preprocessing


class Net(nn.Module):
    def __init__(self, join=None, **parts):
        super().__init__()
        self.names = list(parts)
        for name, part in parts.items():
            self.add_module(name, part)
        self.join = join or nn.Identity()

    def forward(self, images):
        maps, head = (self.get_submodule(name) for name in self.names)
        return head(self.join(maps(images)).flatten(1))


def conv(entering, leaving, size=3, **settings):
    return nn.Conv2d(entering, leaving, size, padding=size // 2, **settings)


def widths(*channels):
    return pairwise((3, *channels))


def norm_then_activation():
    """features/classifier, pools only after some blocks, dropout inside, norms in the head."""
    layers = []
    for (entering, leaving), pool in zip(widths(8, 8, 12, 12, 16), (1, 0, 1, 1, 1), strict=True):
        layers += [conv(entering, leaving), nn.BatchNorm2d(leaving), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout2d(0.1)] if pool else [nn.Dropout2d(0.1)]
    head = [nn.Dropout(), nn.Linear(1024, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 11)]
    return Net(features=nn.Sequential(*layers), classifier=nn.Sequential(*head)), 128


def activation_then_norm():
    """cnn_layers/fc_layers, the norm after the activation, a pool in every block."""
    layers = []
    for entering, leaving in widths(8, 8, 12, 12):
        layers += [conv(entering, leaving), nn.ReLU(), nn.BatchNorm2d(leaving), nn.MaxPool2d(2)]
    head = [nn.Linear(12 * 64, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 11)]
    return Net(cnn_layers=nn.Sequential(*layers), fc_layers=nn.Sequential(*head)), 128


def no_norm_at_224():
    """convolution/linear, no norms, 5x5 kernels, 224 pixels, one linear layer by itself."""
    layers = []
    for entering, leaving in widths(6, 8, 8, 8, 8):
        layers += [conv(entering, leaving, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return Net(convolution=nn.Sequential(*layers), linear=nn.Linear(8 * 49, 11)), 224


def prelu_and_average():
    layers = []
    for entering, leaving in widths(8, 12, 16, 24):
        layers += [conv(entering, leaving, bias=False), nn.BatchNorm2d(leaving), nn.PReLU(), nn.MaxPool2d(2)]
    return Net(nn.AdaptiveAvgPool2d(1), cnn=nn.Sequential(*layers), fc=nn.Linear(24, 11)), 128


def one_sequential():
    layers = []
    for entering, leaving in widths(8, 8, 12):
        layers += [conv(entering, leaving), nn.BatchNorm2d(leaving), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(12 * 256, 16), nn.ReLU(), nn.Linear(16, 11)), 128


class Functional(nn.Module):
    """Every layer an attribute, activations and pools in the forward alone."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5 = (conv(*pair) for pair in widths(6, 8, 8, 8, 8))
        self.bn1, self.bn2, self.bn3, self.bn4, self.bn5 = (nn.BatchNorm2d(width) for width in (6, 8, 8, 8, 8))
        self.fc1 = nn.Linear(8 * 16, 16)
        self.fc2 = nn.Linear(16, 11)

    def forward(self, images):
        for number in range(1, 6):
            maps = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(images))
            images = nn.functional.max_pool2d(nn.functional.relu(maps), 2)
        return self.fc2(nn.functional.relu(self.fc1(images.flatten(1))))


def functional():
    return Functional(), 128


def student():
    """The course's depthwise-separable student, nested as cnn.1.0.weight."""
    blocks = [nn.Sequential(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU6(), nn.MaxPool2d(2))]
    for number, (entering, leaving) in enumerate(pairwise((8, 12, 16, 16, 24, 24))):
        deep = [conv(entering, entering, groups=entering), nn.BatchNorm2d(entering), nn.ReLU6()]
        blocks.append(nn.Sequential(*deep, conv(entering, leaving, 1), *([nn.MaxPool2d(2)] if number < 3 else [])))
    cnn = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
    return Net(cnn=cnn, fc=nn.Sequential(nn.Linear(24, 11))), 128


def trained(net):
    generator = torch.Generator().manual_seed(5)
    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif name.endswith("running_mean"):
            value.normal_(0, 0.3, generator=generator)
        elif value.ndim == 1 and len(value) == 1 and value.is_floating_point():
            value.fill_(0.3)
    return net.eval().requires_grad_(False)


CERTAIN = [norm_then_activation, activation_then_norm, no_norm_at_224, prelu_and_average, one_sequential, functional]


@pytest.mark.parametrize("family", CERTAIN)
def test_the_likeliest_candidate_is_the_net(family, tmp_path):
    net, size = family()
    trained(net)
    torch.save(dict(sorted(net.state_dict().items())), tmp_path / "a")  # in another order than it was written in
    classifier = load(str(tmp_path / "a"))
    assert classifier.input_size == (size, size)
    images = torch.rand(2, 3, size, size)
    same_answers(classifier, net, images)
    assert classifier.origin.architecture_from.startswith("guessed")
    assert any("ReLU" in line or "PReLU" in str(net) for line in classifier.origin.guesses)
    again = load(str(tmp_path / "a"), arch=classifier.origin.architecture)
    same_answers(again, net, images)
    assert again.input_size == (size, size)


@pytest.mark.parametrize("name", NAMES)
def test_known_nets_are_known_and_could_be_guessed(name):
    with torch.device("meta"):
        weights = build(name, 11).state_dict()
    assert known_architecture(weights) == name
    first = candidates(weights)[0]
    network, size = build_stack(weights, first.text)
    assert size == (128, 128)
    known = build(name, 11)
    for path, module in network.named_modules():
        if path.startswith("cnn.") and not isinstance(module, nn.Identity):
            assert type(module) is type(known.get_submodule(path)), path
    assert network.get_submodule("cnn")[-1].__class__ is nn.MaxPool2d


def test_a_student_net_is_among_the_candidates():
    net, _ = student()
    trained(net)
    images = torch.rand(1, 3, 128, 128)
    weights = net.state_dict()
    for reading in candidates(weights)[:40]:
        network = fill(lambda text=reading.text: build_stack(weights, text)[0], weights, "stack").eval()
        if torch.allclose(network.double()(images.double()), net.double()(images.double()), rtol=1e-9):
            return
    raise AssertionError("not among the first forty")


def test_a_text_says_what_it_was_made_from():
    net, _ = norm_then_activation()
    for reading in candidates(net.state_dict())[:50]:
        assert parse(reading.text) == (reading.fillings, reading.size)
        assert text_of(*parse(reading.text)) == reading.text


def test_what_is_no_stack_has_no_candidate():
    assert not candidates({"a.weight": torch.zeros(4, 5)})
    assert not candidates({"rnn.weight_ih_l0": torch.zeros(4, 5)})
    assert not candidates({"cnn.0.weight": torch.zeros(8, 3, 3, 3), "fc.weight": torch.zeros(11, 17)})
    maps = {"cnn.0.weight": torch.zeros(4, 3, 3, 3), "fc.weight": torch.zeros(11, 1).expand(11, 4 * 700 * 700)}
    assert not candidates(maps)  # no usual size gives them, and no join is so large
    assert not candidates({"cnn.999999.weight": torch.zeros(8, 3, 3, 3), "fc.weight": torch.zeros(11, 8)})


def test_classes_are_counted_in_any_order():
    with torch.device("meta"):
        weights = build("vgg16_bn-report", 7).state_dict()
    assert class_count(weights) == class_count(dict(sorted(weights.items()))) == 7
    assert not misfits(build("hw3-sample", 4), build("hw3-sample", 4).state_dict())


def test_variants_change_one_choice():
    net, _ = activation_then_norm()
    first = candidates(net.state_dict())[0]
    made = variants(first)
    assert len(made) == len(ACTIVATIONS) - 1 + 2
    (leaky,) = [each for each in made if "LeakyReLU(0.1)" in each.fillings.values()]
    assert "ReLU" not in leaky.fillings.values()
    (mixed,) = [each for each in variants(leaky) if set(each.fillings.values()) >= {"ReLU", "LeakyReLU(0.1)"}]
    assert mixed.fillings["fc_layers.1"] == "ReLU"


def test_the_most_accurate_candidate_is_chosen_and_the_others_shown():
    net, _ = norm_then_activation()
    possible = candidates(net.state_dict())
    right = next(each for each in variants(possible[3]) if "LeakyReLU(0.2)" in each.fillings.values())

    def rate(reading, _pixels):
        same = sum(right.fillings.get(place) == kind for place, kind in reading.fillings.items())
        return Rating(44, same / len(right.fillings), -1.0, float(reading.size != right.size))

    tried = choose(possible, rate)
    assert tried[0][1].text == right.text
    assert tried[0][0].accuracy == 1
    assert len(tried) < 100


def decided(file, size, side=32):
    """The checkpoint as 90 labelled pictures have it read, for an input of that size, and those pictures."""
    images, labels = stripes(90, 2, side)

    def score(_key, make):
        classifier = make()
        if classifier.input_size != (size, size):
            return Rating(len(images), 0.0, -9.0, 9.0)
        return rate(classifier, images, labels)

    return load(str(file), score=Score(f"{side} at {size}", score)), images


def test_labelled_pictures_decide_what_weights_cannot(tmp_path):
    net = carried(leaky(), "leaky")
    torch.save(net.state_dict(), tmp_path / "a")
    assert "; ReLU: " in load(str(tmp_path / "a")).origin.architecture  # the guess without pictures
    classifier, images = decided(tmp_path / "a", 32)
    assert classifier.origin.architecture.startswith("stack; LeakyReLU(0.1): cnn.2 cnn.6 cnn.10 fc.1; MaxPool2d(2)")
    same_answers(classifier, net, images)
    assert "decided by labelled pictures" in classifier.origin.architecture_from
    assert sum("against" in line for line in classifier.origin.guesses) == 2
    assert len(classifier.facts()["readings_tried"]) == 8


def test_labelled_pictures_tell_the_largest_value_of_a_map_from_its_mean(tmp_path):
    net = carried(largest(), "largest")
    torch.save(net.state_dict(), tmp_path / "a")
    assert "join: AdaptiveAvgPool2d(1)" in load(str(tmp_path / "a")).origin.architecture
    classifier, images = decided(tmp_path / "a", 128, side=16)
    assert "join: AdaptiveMaxPool2d(1)" in classifier.origin.architecture
    same_answers(classifier, net, images)


class Attributes(nn.Module):
    """As PyTorch's own tutorial has it: padding left out, activations and pools in the forward alone."""

    def __init__(self, channels, kernel, widths, features):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, widths[0], kernel)
        self.conv2 = nn.Conv2d(widths[0], widths[1], kernel)
        self.fc1, self.fc2 = nn.Linear(features, 12), nn.Linear(12, 10)
        self.pools = (kernel == 5, True)

    def forward(self, images):
        for layer, pool in zip((self.conv1, self.conv2), self.pools, strict=True):
            images = nn.functional.relu(layer(images))
            images = nn.functional.max_pool2d(images, 2) if pool else images
        return self.fc2(nn.functional.relu(self.fc1(images.flatten(1))))


def unpadded_blocks():
    def block(entering):
        pair = nn.Conv2d(entering, 10, 3), nn.ReLU(), nn.Conv2d(10, 10, 3), nn.ReLU(), nn.MaxPool2d(2)
        return nn.Sequential(*pair)

    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.block_1, self.block_2 = block(3), block(10)
            self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(10 * 13 * 13, 3))

        def forward(self, images):
            return self.classifier(self.block_2(self.block_1(images)))

    return Blocks()


UNPADDED = {
    "tutorial": (lambda: Attributes(3, 5, (6, 16), 400), 32),
    "grey digits": (lambda: Attributes(1, 3, (8, 16), 2304), 28),
    "two blocks": (unpadded_blocks, 64),
}


@pytest.mark.parametrize("name", UNPADDED)
def test_nets_without_padding_are_read_and_the_guess_is_in_every_figure(name, tmp_path):
    make, size = UNPADDED[name]
    net = trained(make())
    torch.save(net.state_dict(), tmp_path / "a")
    classifier = load(str(tmp_path / "a"))
    assert classifier.input_size == (size, size)
    images = torch.rand(2, 1, size, size)
    grey = images if name == "grey digits" else images.expand(-1, 3, -1, -1)
    torch.testing.assert_close(classifier(images.expand(-1, 3, -1, -1)), net(grey), rtol=1e-4, atol=1e-5)
    assert classifier.remarks[0].startswith("Architecture guessed; ")
    assert "readings fit as well" in classifier.remarks[0]
    assert any(line.startswith("warning: ") and "`arch`" in line for line in classifier.origin.guesses)


def test_an_oblong_input_is_read_where_it_is_said(tmp_path):
    net = Net(cnn=nn.Sequential(conv(3, 4), nn.ReLU(), nn.MaxPool2d(2)), fc=nn.Linear(4 * 16 * 32, 3))
    torch.save(net.state_dict(), tmp_path / "a")
    classifier = load(str(tmp_path / "a"), preprocessing=Preprocessing(input_size=(32, 64)))
    assert classifier.input_size == (32, 64)
    assert "input: 32x64" in classifier.origin.architecture
    same_answers(classifier, net.eval(), torch.rand(2, 3, 32, 64))


def test_the_size_of_a_student_net_is_found_by_its_norms(tmp_path):
    """Depthwise, pooled to one cell: its weights fit pictures of any size, its norms those of one.

    The head is untrained, so whether a pool stands behind the last norm nothing tells: that is said.
    """
    torch.manual_seed(0)
    net, _ = student()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    images, labels = stripes(60, 3)

    def at(size):
        return nn.functional.interpolate(images, size, mode="bilinear")

    with torch.no_grad():
        net.train()(at((96, 96))[:40])
    torch.save(net.eval().state_dict(), tmp_path / "a")

    def score(_key, make):
        classifier = make()
        return rate(classifier, at(classifier.input_size)[40:], labels[40:])

    classifier = load(str(tmp_path / "a"), score=Score("stripes", score))
    assert classifier.input_size == (96, 96)
    assert classifier.origin.tried[0][0].misfit < 0.1 * min(
        rating.misfit for rating, text in classifier.origin.tried if "input: 128" in text
    )
    assert "fit as well" in classifier.remarks[0]


def test_a_guess_is_remembered_for_the_file_and_the_pictures(tmp_path, monkeypatch):
    """The second opening recognises nothing, lists no candidate and rates none."""
    net = carried(leaky(), "leaky")
    torch.save(net.state_dict(), tmp_path / "a")
    images, labels = stripes(20, 2, 32)
    asked = []

    def score(key, make):
        asked.append(key)
        classifier = make()
        at = nn.functional.interpolate(images, classifier.input_size)
        return rate(classifier, at, labels)

    first = load(str(tmp_path / "a"), score=Score("these", score))
    undecided = load(str(tmp_path / "a"))
    count = len(asked)
    monkeypatch.setattr("foodviz.models.guess.match.known_architecture", None)
    monkeypatch.setattr("foodviz.models.guess.guessed.candidates", None)
    again = load(str(tmp_path / "a"), score=Score("these", score))
    assert again.origin == first.origin
    assert load(str(tmp_path / "a")).origin == undecided.origin
    assert len(asked) == count
    for other in ({"score": Score("others", score)}, {"preprocessing": Preprocessing(input_size=(64, 64))}):
        with pytest.raises(TypeError):
            load(str(tmp_path / "a"), **other)
