"""What is borrowed from a network is given back."""

import pytest
import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.hooks import capture, detached, evaluating, run_to, running

pytestmark = pytest.mark.usefixtures("float64")


def test_capture_survives_the_in_place_relu_behind(cnn, images):
    with capture(cnn[1]) as outputs:
        cnn(images)
    torch.testing.assert_close(outputs[0], cnn[1](cnn[0](images)))
    assert (outputs[0] < 0).any()
    assert not cnn[1]._forward_hooks


def test_run_to_stops_at_the_layer(cnn, images):
    with capture(cnn[3]) as later:
        output = run_to(cnn, cnn[1], images)
    assert later == []
    torch.testing.assert_close(output, cnn[1](cnn[0](images)))
    assert not cnn[1]._forward_hooks


def test_run_to_keeps_the_graph(cnn, images):
    pixels = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(run_to(cnn, cnn[4], pixels).sum(), pixels)
    assert gradient.abs().sum() > 0


def test_a_layer_that_is_never_reached_is_named(cnn, images):
    with pytest.raises(InputError, match="never reaches this Conv2d"):
        run_to(cnn, nn.Conv2d(3, 3, 1), images)


def test_detached_gives_a_leaf_and_the_same_answer(cnn, images):
    with detached(cnn[1]) as leaves:
        output = cnn(images)
    torch.testing.assert_close(output, cnn(images))
    assert leaves[0].is_leaf
    assert leaves[0].requires_grad
    torch.testing.assert_close(leaves[0], cnn[1](cnn[0](images)))


def test_flags_come_back_each_its_own(cnn):
    cnn.train()
    cnn[1].eval()
    with evaluating(cnn):
        assert not any(module.training for module in cnn.modules())
    assert cnn.training
    assert cnn[2].training
    assert not cnn[1].training


def test_running_modules_are_known_from_outside_in_and_forgotten_when_the_forward_raises(images):
    class Look(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            seen.append([str(each) for each in stack])
            raise RuntimeError("broken")

    seen: list[list[str]] = []
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(nn.ReLU(), Look()))
    with pytest.raises(RuntimeError, match="broken"), running(net) as stack:
        net(images)
    assert seen == [["the network (Sequential)", "1 (Sequential)", "1.1 (Look)"]]
    assert all(not each._forward_hooks and not each._forward_pre_hooks for each in net.modules())
