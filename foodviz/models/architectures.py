"""Architectures by name, and the user's own class."""

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models import timm_nets

# Channels of torchvision's vgg16_bn.features; "M" is a pool. The indices 0..43 of the report's net follow from it.
_VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")


class ConvNet(nn.Module):
    """The shape of the course's nets: a convolution stack `cnn`, pooled or as it is, flattened, and a head `fc`."""

    def __init__(self, cnn: nn.Sequential, fc: nn.Module, pool: nn.Module | None = None) -> None:
        super().__init__()
        self.cnn = cnn
        self.pool = pool or nn.Identity()
        self.fc = fc

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> logits (N, C)."""
        return self.fc(self.pool(self.cnn(images)).flatten(1))  # type: ignore[no-any-return]


def _stack(plan: Sequence[int | str]) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for step in plan:
        if isinstance(step, int):
            layers += [nn.Conv2d(channels, step, 3, padding=1), nn.BatchNorm2d(step), nn.ReLU(inplace=True)]
            channels = step
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _report(classes: int) -> nn.Module:
    """The report's net: 128x128 pictures, 57.7 M parameters; keys fc.0, fc.3, fc.6, fc.9."""
    head: list[nn.Module] = []
    for wide, narrow in ((8192, 4096), (4096, 2048), (2048, 512)):
        head += [nn.Linear(wide, narrow), nn.Dropout(0.5), nn.ReLU(inplace=True)]
    return ConvNet(_stack(_VGG16), nn.Sequential(*head, nn.Linear(512, classes)))


def _slim(classes: int) -> nn.Module:
    """The same 44 indices as vgg16_bn at a quarter of the width.

    The head takes the largest value of each map, so the input size is free, and what a class is recognised by lies
    somewhere: averaged maps answer to the table, too, and so do their gradients (Oquab et al. 2015, "Is object
    localization for free?", CVPR).
    """
    plan = [step if isinstance(step, str) else step // 4 for step in _VGG16]
    return ConvNet(_stack(plan), nn.Sequential(nn.Dropout(0.2), nn.Linear(128, classes)), nn.AdaptiveMaxPool2d(1))


def _hw3(classes: int) -> nn.Module:
    """The sample code of the course's CNN homework: five blocks of one convolution each."""
    head = nn.Sequential(nn.Linear(8192, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, classes))
    return ConvNet(_stack((64, "M", 128, "M", 256, "M", 512, "M", 512, "M")), head)


def _hw5(classes: int) -> nn.Module:
    """The net that the course hands out for its homework on explanation."""
    plan = (128, 128, 128, "M", 128, 128, 128, "M", 256, 256, 256, "M", 512, "M", 512, "M")
    return ConvNet(
        _stack(plan), nn.Sequential(nn.Linear(8192, 1024), nn.ReLU(), nn.Dropout(0.3), nn.Linear(1024, classes))
    )


_BUILDERS: dict[str, Callable[[int], nn.Module]] = {
    "vgg16_bn-slim": _slim,
    "vgg16_bn-report": _report,
    "hw3-sample": _hw3,
    "hw5-sample": _hw5,
}
NAMES = tuple(_BUILDERS)
_ZOOS = re.compile(r"torchvision:[A-Za-z_][A-Za-z0-9_]*|timm:[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)?")


def runs_no_code(name: str) -> bool:
    """Whether a name that a file may have chosen means an architecture of foodviz's, torchvision's or timm's own.

    A closed grammar: one of NAMES, or `torchvision:` or `timm:` and one identifier, timm's with a tag behind a dot.
    Anything else could be a path, a module or a place on a hub.
    """
    return name in _BUILDERS or from_zoo(name)


def from_zoo(name: str) -> bool:
    """Whether it means one of torchvision's or timm's own architectures."""
    return _ZOOS.fullmatch(name) is not None


def build(name: str, classes: int) -> nn.Module:
    """An untrained network.

    Args:
        name: one of NAMES, `torchvision:<classifier>`, `timm:<net>`, `path/to/net.py:<class or factory>` or
            `package.module:<…>`.
        classes: how many logits it answers. A class or factory that takes no argument must know the number itself.

    Raises:
        InputError: no such architecture, file, module or attribute.
    """
    if name in _BUILDERS:
        return _BUILDERS[name](classes)
    origin, colon, attribute = name.rpartition(":")
    if not colon or not origin or not attribute:
        raise InputError(
            f"`arch` {name}: no architecture of that name; {nearest(name, NAMES)} (or torchvision:<name>, timm:<name>)"
        )
    if origin == "torchvision":
        return _torchvision(attribute, classes)
    if origin == "timm" and from_zoo(name):
        return timm_nets.build(attribute, classes)
    module = _module(origin, name)
    factory = getattr(module, attribute, None)
    if not callable(factory):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise InputError(f"`arch` {name}: no {attribute!r} in {origin}; {nearest(attribute, names)}")
    network = _call(factory, classes, name)
    if not isinstance(network, nn.Module):
        raise InputError(f"`arch` {name}: {attribute} gave a {type(network).__name__}, not a torch.nn.Module")
    return network


def _torchvision(name: str, classes: int) -> nn.Module:
    from torchvision import models  # 2 s: only where one is asked for

    known = models.list_models(module=models)
    if name not in known:
        raise InputError(f"`arch` torchvision:{name}: torchvision has no such classifier; {nearest(name, known)}")
    # auxiliary classifiers run in training alone
    extra = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    network: nn.Module = models.get_model(name, weights=None, num_classes=classes, **extra)
    return network


def _module(origin: str, name: str) -> ModuleType:
    if origin.endswith(".py"):
        path = Path(origin).resolve()
        if not path.is_file():
            raise InputError(f"`arch` {name}: no file {origin}")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, module)  # dataclasses and pickles look their module up by name
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise InputError(f"`arch` {name}: {origin} does not run: {type(error).__name__}: {error}") from error
        return module
    try:
        return importlib.import_module(origin)
    except ImportError as error:
        raise InputError(f"`arch` {name}: {error}; give a path ending in .py or an importable module") from error
    except (Exception, SystemExit) as error:  # of the module itself, or of a name such as `..x`
        raise InputError(f"`arch` {name}: {origin} does not run: {type(error).__name__}: {error}") from error


def _call(factory: Callable[..., object], classes: int, name: str) -> object:
    """Calls the user's class with the number of classes where it takes one, else with nothing."""
    try:
        parameters = inspect.signature(factory).parameters
    except ValueError:
        parameters = {}  # type: ignore[assignment]
    named = next((key for key in ("num_classes", "classes", "n_classes", "num_class") if key in parameters), None)
    needed = [
        key
        for key, value in parameters.items()
        if value.default is value.empty and value.kind not in (value.VAR_POSITIONAL, value.VAR_KEYWORD)
    ]
    catches_all = any(value.kind is value.VAR_KEYWORD for value in parameters.values())
    try:
        if named:
            return factory(**{named: classes})
        if catches_all and not needed:  # hands them on, as the factories of model zoos do
            with suppress(TypeError):
                return factory(num_classes=classes)
        return factory(classes) if len(needed) == 1 else factory()
    except (Exception, SystemExit) as error:
        raise InputError(f"`arch` {name}: calling it failed: {type(error).__name__}: {error}") from error
