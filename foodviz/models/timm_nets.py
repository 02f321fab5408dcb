"""timm's nets by name, where timm is installed, and the weights that it publishes, from the hub's own cache."""

from pathlib import Path
from types import ModuleType

from torch import nn

from foodviz.errors import InputError, nearest
from foodviz.models.origin import Declared

PREFIX = "timm:"
_FILE = "model.safetensors"


def build(name: str, classes: int) -> nn.Module:
    """An untrained net.

    Args:
        name: as timm has it, without PREFIX.

    Raises:
        InputError: timm is not installed, has no such net, or cannot build it for so many classes.
    """
    timm = _timm(f"`arch` {PREFIX}{name}")
    if not timm.is_model(name):
        raise InputError(f"`arch` {PREFIX}{name}: timm has no such net; {nearest(name, timm.list_models())}")
    network: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return network


def place(name: str) -> Path:
    """Where the weights of a net lie in the hub's cache; a file that is not there where they are not.

    Raises:
        InputError: timm is not installed, or publishes no weights of that name.
    """
    from huggingface_hub import constants, try_to_load_from_cache
    from huggingface_hub.file_download import repo_folder_name

    repository = _repository(name)
    kept = try_to_load_from_cache(repository, _FILE)
    if isinstance(kept, str):
        return Path(kept)
    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model") / _FILE


def fetch(name: str) -> Path:
    """The same, there afterwards.

    Raises:
        InputError: no such weights, or no way to the server.
    """
    path = place(name)
    if path.is_file():
        return path
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(_repository(name), _FILE))
    except Exception as reason:  # of the network, the server and the cache, of several libraries
        raise InputError(
            f"`model` {PREFIX}{name}: its weights cannot be fetched ({type(reason).__name__}); where there is a "
            f"network, `model` FILE with {_FILE} of huggingface.co/{_repository(name)} and `arch` {PREFIX}{name}"
        ) from reason


def declared(name: str) -> Declared:
    """What timm says of them: architecture, size, mean and standard deviation, and ImageNet's names of the classes."""
    shown = _configuration(name)
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(shown.to_dict())
    known = ImageNetInfo(subset) if subset else None
    names = [known.index_to_description(index) for index in range(shown.num_classes)] if known else None
    _, height, width = shown.input_size
    return Declared(
        architecture=PREFIX + name,
        class_names=tuple(names) if names else None,
        input_size=(height, width),
        mean=tuple(shown.mean),
        std=tuple(shown.std),
    )


def _repository(name: str) -> str:
    repository: str = _configuration(name).hf_hub_id
    return repository


def _configuration(name: str):  # type: ignore[no-untyped-def]
    """timm's words on a net's published weights, a class of its own."""
    timm = _timm(f"`model` {PREFIX}{name}")
    shown = timm.models.get_pretrained_cfg(name) if timm.is_model(name) else None
    if shown is None or not shown.hf_hub_id:
        what = nearest(name, timm.list_models(pretrained=True))
        raise InputError(f"`model` {PREFIX}{name}: timm publishes no weights of that name; {what}")
    return shown


def _timm(asked: str) -> ModuleType:
    try:
        import timm
    except ImportError:
        raise InputError(f'{asked}: timm is not installed; pip install "foodviz[timm]"') from None
    module: ModuleType = timm
    return module
