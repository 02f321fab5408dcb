"""Small nets, small folders, and the command line as a user calls it."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from hypothesis import settings
from PIL import Image
from torch import nn

from foodviz import cli as shell

# The suite tries the same 100 examples everywhere; `pytest --hypothesis-profile thorough` tries 10,000 others.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("FOODVIZ_CONFIG", raising=False)


@pytest.fixture(autouse=True)
def _leave_torch_alone() -> Iterator[None]:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.random.set_rng_state(state)


@pytest.fixture
def cnn() -> nn.Module:
    """A small net with everything that trips tools up: norms, in-place ReLUs, pools, dropout; 5 classes, frozen."""
    torch.manual_seed(7)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(48, 5),
    )
    for module in net:
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
    return net.eval().requires_grad_(False)


@pytest.fixture
def images() -> torch.Tensor:
    """(4, 3, 24, 24) in [0, 1]."""
    return torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets() -> torch.Tensor:
    """(4,)"""
    return torch.tensor([0, 3, 1, 4])


def command_line(*arguments: str) -> Result:
    """Run a command line in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["foodviz", *arguments])
        runner = CliRunner()
        with runner.isolation() as (out, err, _):
            code = 0
            try:
                shell.main()
            except SystemExit as leave:
                code = int(leave.code or 0)
            return Result(runner, out.getvalue(), err.getvalue(), b"", None, code, None)


@pytest.fixture
def foodviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command line in an empty folder, in this process: `.stdout`, `.stderr`, `.exit_code`."""
    monkeypatch.chdir(tmp_path)
    return command_line


TINY_NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, classes, cells={cells}):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(4),
            nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(4),
        )
        self.fc = nn.Linear(8 * cells * cells, classes)

    def forward(self, images):
        return self.fc(self.cnn(images).flatten(1))
"""


@pytest.fixture
def tiny_net(tmp_path: Path) -> Callable[[int], tuple[str, ...]]:
    """Writes a net for square pictures of that side, channel 3 of its layers 4 and 5 dead; gives the flags for it."""

    def write(side: int) -> tuple[str, ...]:
        source = TINY_NET.format(cells=side // 16)
        (tmp_path / "net.py").write_text(source)
        scope: dict[str, Any] = {}
        exec(source, scope)
        torch.manual_seed(0)
        net = scope["Net"](11)
        net.cnn[4].weight.data[3], net.cnn[4].bias.data[3] = 0.0, -1.0
        torch.save(net.state_dict(), tmp_path / "net.pth")
        return "--model", "net.pth", "--arch", "net.py:Net", "--input-size", str(side)

    return write


# What a file may write as its architecture in the hope that it is imported.
CODE_AS_ARCHITECTURE = (
    "os:system",
    "evil.py:Net",
    "stack.py:Net",
    "stack/../evil.py:Net",
    "torchvision:/../evil.py:Net",
    "torchvision:x/../evil.py:Net",
    "torchvision:resnet18:Net",
    "evil.py;x:Net",
    " torchvision:resnet18",
)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `report.html` and what belongs to it: every section, tiny, of data whose names are hostile."""
    from foodviz.models import Classifier
    from foodviz.models.architectures import build
    from foodviz.models.files.own_format import save

    folder = tmp_path_factory.mktemp("report")
    random = np.random.default_rng(0)
    for split, label in itertools.product(("training", "validation"), ("Bread", HOSTILE, "Rice")):
        place = folder / "food" / split / label
        place.mkdir(parents=True)
        for number in range(2):
            pixels = random.integers(0, 256, (40, 48, 3), np.uint8)
            Image.fromarray(pixels).save(place / f"{number}_1<b>.jpg")
    torch.manual_seed(0)
    model = Classifier(build("vgg16_bn-slim", 3), sorted(("Bread", HOSTILE, "Rice")), (32, 32))
    save(folder / "tiny.safetensors", model, "vgg16_bn-slim", {}, ["00" * 32])
    (folder / "tiny.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOODVIZ_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        done = command_line("--config", "tiny.toml", "report", "--ids", "0", "3")
        assert done.exit_code == 0, done.stderr
        yield folder


TINY = """
data = "food"
model = "tiny.safetensors"
dpi = 50
[filters]
filters = [7, 16]
steps = 4
[lime]
samples = "40"
segments = 12
[inspect]
count = 11
few = 11
[dream]
ids = ["1"]
steps = 20
"""
