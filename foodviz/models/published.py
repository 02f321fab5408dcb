"""Weights that torchvision and timm publish, by name: taken from their own caches, or fetched into them.

Only a person names them; a file or a manifest may name an architecture, never what is fetched.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from foodviz.errors import InputError, nearest
from foodviz.models import timm_nets
from foodviz.models.origin import Declared
from foodviz.paths import is_file, path_of

PREFIX = "torchvision:"
_PATIENCE = 20  # seconds without a byte


def named(model: str) -> bool:
    """Whether a model is asked for by this kind of name, and no file is."""
    return model.startswith((PREFIX, timm_nets.PREFIX)) and not is_file(path_of(model))


def place(model: str) -> Path:
    """Where the weights of `torchvision:<name>` or `timm:<name>` lie or would lie: where these keep them themselves.

    Raises:
        InputError: there are none of that name.
    """
    if model.startswith(timm_nets.PREFIX):
        return timm_nets.place(model.removeprefix(timm_nets.PREFIX))
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / Path(_weights(model).url).name


def fetch(model: str) -> Path:
    """The same, there afterwards; checked against the digest in its name, and never half there.

    Raises:
        InputError: no such classifier, or no way to the server.
    """
    if model.startswith(timm_nets.PREFIX):
        return timm_nets.fetch(model.removeprefix(timm_nets.PREFIX))
    import torch

    path, url = place(model), _weights(model).url
    if not path.is_file():
        checked = torch.hub.HASH_REGEX.search(path.name)  # type: ignore[attr-defined]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _impatient():
                torch.hub.download_url_to_file(url, str(path), checked and checked[1], progress=False)
        except (URLError, OSError, RuntimeError) as reason:
            why = getattr(reason, "reason", reason)
            raise InputError(
                f"`model` {model}: its weights cannot be fetched ({why}); where there is a network, {url} belongs into "
                f"{path.parent}"
            ) from reason
    return path


def declared(model: str) -> Declared:
    """What their publisher says of them: architecture, names of the classes, size, mean and standard deviation."""
    if model.startswith(timm_nets.PREFIX):
        return timm_nets.declared(model.removeprefix(timm_nets.PREFIX))
    weights = _weights(model)
    shown = weights.transforms()
    side = shown.crop_size[0]
    return Declared(
        architecture=model,
        class_names=tuple(weights.meta["categories"]),
        input_size=(side, side),
        mean=tuple(shown.mean),
        std=tuple(shown.std),
    )


def _weights(model: str):  # type: ignore[no-untyped-def]
    """torchvision's newest weights of a classifier."""
    from torchvision import models

    names = models.list_models(module=models)
    name = model.removeprefix(PREFIX)
    if name not in names:
        raise InputError(f"`model` {model}: torchvision publishes no such classifier; {nearest(name, names)}")
    return models.get_model_weights(name).DEFAULT  # type: ignore[attr-defined]


@contextmanager
def _impatient() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
