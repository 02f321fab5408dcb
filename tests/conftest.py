"""Small nets, small folders, and the command line as a user calls it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn

from foodviz import cli as shell


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


@pytest.fixture
def foodviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command line in an empty folder, in this process: `.stdout`, `.stderr`, `.exit_code`."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["foodviz", *arguments])
        runner = CliRunner()
        with runner.isolation() as (out, err, _):
            code = 0
            try:
                shell.main()
            except SystemExit as leave:
                code = int(leave.code or 0)
            return Result(runner, out.getvalue(), err.getvalue(), b"", None, code, None)

    return run


def shell_command(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "foodviz", *arguments], capture_output=True, text=True, check=False, **settings
    )
