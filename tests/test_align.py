"""A known net's weights under other names, behind other heads: the same answers, and a line on what was done."""

import pytest
import torch
from conftest import same_answers
from torch import nn

from foodviz.errors import InputError
from foodviz.models import load
from foodviz.models.architectures import build
from foodviz.models.guess.align import for_training, without_prefix


def shaken(net):
    generator = torch.Generator().manual_seed(3)
    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif value.is_floating_point():
            value.add_(0.02 * torch.randn(value.shape, generator=generator))
    return net.eval().requires_grad_(False)


def resnet():
    return build("torchvision:resnet18", 3)


def with_head(name, slot, head):
    net = build(f"torchvision:{name}", 3)
    parent, _, last = slot.rpartition(".")
    net.get_submodule(parent).add_module(last, head)
    return net


class Holding(nn.Module):
    """Somebody's own net around a backbone."""

    def __init__(self):
        super().__init__()
        self.backbone = build("torchvision:resnet18", 3)
        self.backbone.fc = nn.Identity()
        self.classifier = nn.Sequential(nn.Linear(512, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, images):
        return self.classifier(self.backbone(images))


class Numbered(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(*list(resnet().children())[:-1])
        self.fc = nn.Linear(512, 3)

    def forward(self, images):
        return self.fc(self.features(images).flatten(1))


NETS = {
    "resnet": (resnet, "torchvision:resnet18"),
    "backbone": (Holding, "torchvision:resnet18"),
    "children": (Numbered, "torchvision:resnet18"),
    "swin": (lambda: build("torchvision:swin_t", 7), "torchvision:swin_t"),
    "squeezenet": (lambda: build("torchvision:squeezenet1_1", 5), "torchvision:squeezenet1_1"),
    "mobilenet head": (
        lambda: with_head("mobilenet_v2", "classifier", nn.Sequential(nn.Linear(1280, 9), nn.ReLU(), nn.Linear(9, 4))),
        "torchvision:mobilenet_v2",
    ),
    "shufflenet head": (
        lambda: with_head("shufflenet_v2_x0_5", "fc", nn.Sequential(nn.BatchNorm1d(1024), nn.Linear(1024, 2))),
        "torchvision:shufflenet_v2_x0_5",
    ),
}


@pytest.mark.parametrize("prefix", ["", "model.", "net.module."])
@pytest.mark.parametrize("form", NETS)
def test_the_answers_are_the_nets(form, prefix, tmp_path):
    make, name = NETS[form]
    net = shaken(make())
    torch.save({"state_dict": {prefix + key: value for key, value in net.state_dict().items()}}, tmp_path / "a")
    classifier = load(str(tmp_path / "a"))
    assert classifier.origin.architecture == name
    assert prefix == "" or any(
        prefix.partition(".")[0] in line for line in (*classifier.origin.guesses, classifier.origin.form)
    )
    same_answers(classifier, net, torch.rand(2, 3, 224, 224))
    again = load(str(tmp_path / "a"), arch=name)
    same_answers(again, net, torch.rand(1, 3, 224, 224))


def test_a_criterions_weights_are_left_out_and_said(tmp_path):
    net = shaken(resnet())
    torch.save(
        {**{f"model.{k}": v for k, v in net.state_dict().items()}, "criterion.weight": torch.ones(3)}, tmp_path / "a"
    )
    classifier = load(str(tmp_path / "a"))
    assert any("left out" in line and "criterion.weight" in line for line in classifier.origin.guesses)
    same_answers(classifier, net, torch.rand(1, 3, 64, 64))


def test_a_head_beside_the_weights_gives_its_own_activations(tmp_path):
    head = nn.Sequential(nn.Linear(512, 8), nn.Tanh(), nn.Linear(8, 3), nn.LogSoftmax(1))
    net = shaken(with_head("resnet18", "fc", head))
    torch.save({"state_dict": net.state_dict(), "fc": head}, tmp_path / "a")
    same_answers(load(str(tmp_path / "a")), net, torch.rand(1, 3, 64, 64))


def test_a_weight_inside_the_trunk_that_nobody_knows_is_refused(tmp_path):
    weights = resnet().state_dict() | {"layer1.0.attention.weight": torch.ones(4, 64, 1, 1)}
    torch.save(weights, tmp_path / "a")
    with pytest.raises(InputError, match="give `arch`"):
        load(str(tmp_path / "a"))


def test_a_stack_in_a_wrapper_is_read(tmp_path):
    cnn = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    weights = {f"model.cnn.{name}": value for name, value in cnn.state_dict().items()}
    weights |= {"model.fc.weight": torch.ones(3, 4 * 64 * 64), "loss_fn.weight": torch.ones(3)}
    assert without_prefix(weights)[0].keys() == {"cnn.0.weight", "cnn.0.bias", "fc.weight"}
    torch.save(weights, tmp_path / "a")
    assert load(str(tmp_path / "a")).origin.architecture.startswith("stack")


def test_what_training_alone_needs_is_known_by_its_name():
    assert all(
        map(
            for_training,
            ("criterion.weight", "ce_loss.weight", "train_acc.total", "aux1.fc2.bias", "AuxLogits.fc.bias"),
        )
    )
    assert not any(map(for_training, ("layer1.0.conv1.weight", "fc.weight", "schema.weight", "backbone.stem.0.weight")))


NORMS = {
    "weight": nn.utils.weight_norm,
    "new weight": nn.utils.parametrizations.weight_norm,
    "spectral": nn.utils.spectral_norm,
    "new spectral": nn.utils.parametrizations.spectral_norm,
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_normed_weights_are_numbers(norm, tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "def Own(classes):\n"
        f"    norm = nn.utils.{'parametrizations.' if 'new' in norm else ''}{norm.split()[-1]}_norm\n"
        "    return nn.Sequential(norm(nn.Conv2d(3, 4, 3, 2)), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1),"
        " nn.Flatten(),"
        "\n        nn.Linear(4, classes))\n"
    )
    net = nn.Sequential(
        NORMS[norm](nn.Conv2d(3, 4, 3, 2)), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
    )
    net(torch.rand(2, 3, 16, 16))
    torch.save(net.state_dict(), tmp_path / "a")
    classifier = load(str(tmp_path / "a"), arch=f"{tmp_path}/own.py:Own")
    assert isinstance(classifier.network[0]._parameters["weight"], nn.Parameter)
    images = torch.rand(1, 3, 32, 32)  # a net with such a hook cannot be copied
    torch.testing.assert_close(classifier(images), net.eval()(images).detach())
