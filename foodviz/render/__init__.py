"""Arrays -> matplotlib figures; never pyplot, never a computation that another part would need.

The figures can be had from here: `render.saliency_figure`, `render.activations_figure`, `render.lime_figure`, …
"""

from importlib import import_module
from typing import Any

# Figure -> its module.
_FIGURES = {
    "activations_figure": "activations",
    "matrix_figure": "confusion",
    "montage": "contact_sheet",
    "dream_figure": "dream",
    "embedding_figure": "embedding",
    "cards_figure": "filters",
    "pictures_figure": "filters",
    "lime_figure": "lime",
    "lime_class_figure": "lime_class",
    "examples_figure": "reliance",
    "kept_figure": "reliance",
    "masks_figure": "reliance",
    "saliency_figure": "saliency",
    "Panel": "saliency",
    "curves_figure": "trust",
}
__all__ = [*_FIGURES]


def __getattr__(name: str) -> Any:
    if name not in _FIGURES:
        raise AttributeError(f"module 'foodviz.render' has no attribute {name!r}")
    return getattr(import_module(f"foodviz.render.{_FIGURES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
