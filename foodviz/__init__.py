"""Shows what an image classifier trained on Food-11 has learned, and how far each picture can be trusted.

For notebooks, the same functions as the command line's:

    model = foodviz.load_model()                       # or a checkpoint's path
    photos = foodviz.open_dataset("sample").split()    # or a folder, and any split of it
    batch = foodviz.read(photos, [57, 3207], model.input_size)

then a method (`input_gradient`, `smoothgrad`, `integrated_gradients`, `gradcam`, `feature_maps`, `explain`, `dream`, …)
and a figure of `foodviz.render`. Nothing heavy is imported before it is asked for.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public name -> (module, its name there).
_PUBLIC = {
    "load_model": ("models", "load"),
    "resolve_layer": ("models", "resolve"),
    "fast": ("models", "fast"),
    "open_dataset": ("data", "open_dataset"),
    "read": ("data.batch", "read"),
    "input_gradient": ("methods.saliency", "input_gradient"),
    "smoothgrad": ("methods.saliency", "smoothgrad"),
    "integrated_gradients": ("methods.saliency", "integrated_gradients"),
    "reduce_colours": ("methods.saliency", "reduce_colours"),
    "gradcam": ("methods.gradcam", "gradcam"),
    "feature_maps": ("methods.feature_maps", "feature_maps"),
    "fourier_pictures": ("methods.activation_maximization", "fourier_pictures"),
    "segment": ("methods.lime.superpixels", "segment"),
    "painted_over": ("methods.lime.superpixels", "painted_over"),
    "explain": ("methods.lime.lime", "explain"),
    "dream": ("methods.deep_dream", "dream"),
    "render": ("render", ""),
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'foodviz' has no attribute {name!r}")
    module, there = _PUBLIC[name]
    found = import_module(f"foodviz.{module}")
    return getattr(found, there) if there else found


def __dir__() -> list[str]:
    return sorted(__all__)
