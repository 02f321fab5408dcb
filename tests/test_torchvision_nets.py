"""torchvision's nets from a bare state dict: what each command gives is what the net itself gives."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "torchvision_table.py"
SMALL = ("resnet18", "densenet121", "mnasnet0_5", "shufflenet_v2_x0_5", "squeezenet1_1", "googlenet")


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("torchvision_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["torchvision_table"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["torchvision_table"]


@pytest.mark.parametrize("name", SMALL)
def test_every_command_answers_as_the_net_itself(table, name, tmp_path):
    bench = table.Bench(name, tmp_path, 64)
    for check in table.COMMANDS.values():
        check(bench)
