"""Whether others work with this process is read from what torchrun sets, all of it."""

import pytest
import torch

from foodviz.devices import choose_device
from foodviz.distributed import leads, process_count, under_torchrun
from foodviz.errors import InputError

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)


def test_a_process_of_torchrun_knows_how_many_there_are(monkeypatch):
    assert process_count() == 1
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    assert under_torchrun()
    assert process_count() == 4
    assert not leads()


def test_processes_of_one_machine_take_its_gpus_in_turn(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert str(choose_device("auto")) == "cuda"
    for name, value in (TORCHRUN | {"LOCAL_RANK": "3"}).items():
        monkeypatch.setenv(name, value)
    assert str(choose_device("auto")) == str(choose_device("cuda")) == "cuda:1"
    assert str(choose_device("cpu")) == "cpu"


def test_a_command_whose_work_cannot_be_shared_is_refused(monkeypatch, foodviz):
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    refused = foodviz("layers")
    assert refused.exit_code == 2
    assert "run layers without it" in refused.stderr


@pytest.mark.parametrize("value", ["x", "4"])
def test_one_variable_that_a_shell_happens_to_have_makes_no_group(monkeypatch, value):
    monkeypatch.setenv("WORLD_SIZE", value)
    assert process_count() == 1


@pytest.mark.parametrize("name", ["RANK", "WORLD_SIZE", "MASTER_PORT"])
@pytest.mark.parametrize("value", ["x", "", "-1", "\x1b[31m"])
def test_what_is_no_number_is_named_in_one_line(monkeypatch, name, value):
    for each, right in (TORCHRUN | {name: value}).items():
        monkeypatch.setenv(each, right)
    with pytest.raises(InputError, match=f"{name}=") as refusal:
        process_count()
    assert "\x1b" not in str(refusal.value)
