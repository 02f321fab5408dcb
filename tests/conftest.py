"""Small nets, small folders, and the command line as a user calls it."""

import copy
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Workers share the cores among them: one thread each, said before torch is loaded, for commands they start too.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# Commands that tests start are this tree's, whichever is installed.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
)

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from filelock import FileLock
from hypothesis import settings
from PIL import Image
from torch import nn

from foodviz import cli as shell

# The suite tries the same 100 examples everywhere; `pytest --hypothesis-profile thorough` tries 10,000 others.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=10_000)
settings.load_profile("suite")


def fuzzed(test: Callable[..., None]) -> Callable[..., None]:
    """Tries 500 examples, or as many more as the profile: for what reads strangers' files."""
    return settings(max_examples=max(500, settings().max_examples))(test)


# Files whose tests take seconds each. First, so that no worker has one left when the others are done.
_SLOW = (
    "torture",
    "readme",
    "docs",
    "foreign_nets",
    "torchvision_nets",
    "security",
    "duplicates",
    "browser",
    "training",
    "shared_sweep",
    "evaluate",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files before the others, unless a plugin shuffles them afterwards."""
    items.sort(key=lambda item: item.path.stem.removeprefix("test_") not in _SLOW)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("FOODVIZ_CONFIG", raising=False)


@pytest.fixture(autouse=True)
def _leave_torch_alone() -> Iterator[None]:
    """Every test begins with the same seed, and whatever it sets is set back: the order of tests is of no effect."""
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A SIGINT raises KeyboardInterrupt, also where a shell has started the tests in the background, ignoring it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def float64() -> None:
    """Numbers of this test are float64 where it says no other: for two ways to one answer.

    In float32 two ways differ in the last digits, in others on every processor, and a ReLU or a maximum that falls on
    the other side makes far more of that than any tolerance that still proves something.
    """
    torch.set_default_dtype(torch.float64)


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
def vit() -> nn.Module:
    """torchvision's ViT, small: 9 patches of 8x8 pixels and a class token, 5 classes, frozen."""
    from torchvision.models import VisionTransformer  # 2 s: only where one is asked for

    torch.manual_seed(7)
    net = VisionTransformer(
        image_size=24, patch_size=8, num_layers=3, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5
    )
    for parameter in net.parameters():
        parameter.data.normal_(0, 0.3)  # torchvision's own head begins with zeros, and its attention is even
    return net.eval().requires_grad_(False)


@pytest.fixture
def images() -> torch.Tensor:
    """(4, 3, 24, 24) in [0, 1]."""
    return torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def targets() -> torch.Tensor:
    """(4,)"""
    return torch.tensor([0, 3, 1, 4])


def same_answers(one: nn.Module, other: nn.Module, images: torch.Tensor) -> None:
    """Both nets answer the same in float64, up to rounding; the nets given stay as they are."""
    with torch.inference_mode():
        ours, theirs = (copy.deepcopy(net).double()(images.double()) for net in (one, other))
    torch.testing.assert_close(ours, theirs)


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


EXACT_NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers = [nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(3)]
        self.cnn = nn.Sequential(*layers, nn.Flatten(), nn.Linear(72, classes))

    def forward(self, images):
        exact = {name: value.double() for name, value in self.cnn.state_dict().items()}
        return torch.func.functional_call(self.cnn, exact, images.double()).float()
"""


@pytest.fixture
def exact_net(tmp_path: Path) -> tuple[str, ...]:
    """Flags for a random net of 11 classes that works in float64: the size of a batch does not show in its answers."""
    (tmp_path / "exact.py").write_text(EXACT_NET)
    scope: dict[str, Any] = {}
    exec(EXACT_NET, scope)
    torch.save(scope["Net"](11).state_dict(), tmp_path / "exact.pth")
    return "--model", str(tmp_path / "exact.pth"), "--arch", f"{tmp_path}/exact.py:Net", "--input-size", "32"


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


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` has filled, once for all workers; each has a copy of its own."""
    own = tmp_path_factory.getbasetemp() / name
    if own.exists():  # a worker that comes back to a module makes its fixtures anew
        return own
    own.mkdir()
    shared = (own.parents[1] if "PYTEST_XDIST_WORKER" in os.environ else own.parent) / f"shared-{name}"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("FOODVIZ_CACHE", str(own / "cache"))
                patch.chdir(own)
                make(own)
            shutil.copytree(own, shared)
            return own
    shutil.copytree(shared, own, dirs_exist_ok=True)
    return own


@pytest.fixture(scope="session")
def drawn_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `foodviz sample --limit 3` writes for training and validation; to be copied."""

    def draw(_folder: Path) -> None:
        done = command_line("sample", "--out", "food", "--limit", "3", "--quiet", "--split", "training", "validation")
        assert done.exit_code == 0, done.stderr

    return made_once(tmp_path_factory, "sample", draw) / "food"


@pytest.fixture
def sample_folder(tmp_path: Path, drawn_sample: Path) -> Path:
    """The folder `food` with three sample pictures of each class in training and in validation."""
    return shutil.copytree(drawn_sample, tmp_path / "food")


@pytest.fixture(scope="session")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `report.html` and what belongs to it: every section, tiny, of data whose names are hostile."""
    return made_once(tmp_path_factory, "report", make_report)


@pytest.fixture(scope="session")
def atlas_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `results/atlas/index.html` and its pages: a net of two small layers, data with hostile names."""
    return made_once(tmp_path_factory, "atlas", make_atlas)


ATLAS = ("atlas", "--data", "food", "--model", "net.pth", "--arch", "net.py:Net", "--input-size", "32")
ATLAS += ("--steps", "3", "--scan", "all", "--device", "cpu")


def make_atlas(folder: Path) -> None:
    """What `atlas_folder` holds; filter 3 of its second layer is dead, filters 5 and 6 are the same."""
    write_pictures(folder)
    source = TINY_NET.format(cells=2)
    (folder / "net.py").write_text(source)
    scope: dict[str, Any] = {}
    exec(source, scope)
    torch.manual_seed(0)
    net = scope["Net"](3)
    weight, bias = net.cnn[4].weight.data, net.cnn[4].bias.data
    bias[:] = 0.5  # the others are awake
    weight[3], bias[3] = 0.0, -1.0
    weight[6], bias[6] = weight[5], bias[5]
    torch.save(net.state_dict(), folder / "net.pth")
    done = command_line(*ATLAS)
    assert done.exit_code == 0, done.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    from chromium import CHROMIUM, FLAGS

    playwright = pytest.importorskip("playwright.sync_api", reason="the test extra is not installed: no playwright")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


def write_pictures(folder: Path) -> None:
    """The folder `food` with noise: two splits, three classes, one of a hostile name, two pictures of each."""
    random = np.random.default_rng(0)
    for split, label in itertools.product(("training", "validation"), ("Bread", HOSTILE, "Rice")):
        place = folder / "food" / split / label
        place.mkdir(parents=True)
        for number in range(2):
            pixels = random.integers(0, 256, (40, 48, 3), np.uint8)
            Image.fromarray(pixels).save(place / f"{number}_1<b>.jpg")


def make_report(folder: Path) -> None:
    """What `report_folder` holds."""
    from foodviz.models import Classifier
    from foodviz.models.architectures import build
    from foodviz.models.files.own_format import save

    write_pictures(folder)
    torch.manual_seed(0)
    model = Classifier(build("vgg16_bn-slim", 3), sorted(("Bread", HOSTILE, "Rice")), (32, 32))
    save(folder / "tiny.safetensors", model, "vgg16_bn-slim", {}, ["00" * 32])
    (folder / "tiny.toml").write_text(TINY)
    done = command_line("--config", "tiny.toml", "report", "--ids", "0", "3")
    assert done.exit_code == 0, done.stderr


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
