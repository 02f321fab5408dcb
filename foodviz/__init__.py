"""Shows what an image classifier trained on Food-11 has learned, and how far each picture can be trusted.

For notebooks, every command as a function:

    subject = foodviz.open_subject(model="model.pth", data="food-11")     # nothing: the embedded sample
    result = foodviz.saliency(subject, ids=[57, 3207])
    result.arrays["maps"], result.facts, result.sentences                 # what was found
    result.figures()[""].savefig("saliency.png")                          # or result.save("results")

The methods themselves are functions from tensors to tensors, in `foodviz.methods`. Nothing heavy is imported before it
is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from foodviz.version import __version__

if TYPE_CHECKING:
    from foodviz.analysis.activations import activations
    from foodviz.analysis.atlas import atlas
    from foodviz.analysis.confusion import confusion
    from foodviz.analysis.dream import dream
    from foodviz.analysis.embedding import embedding
    from foodviz.analysis.evaluate import evaluate
    from foodviz.analysis.filters import filters
    from foodviz.analysis.inspect import inspect
    from foodviz.analysis.layers import layers
    from foodviz.analysis.leakage import seen_in_training
    from foodviz.analysis.lime import lime
    from foodviz.analysis.opening import open_subject
    from foodviz.analysis.predictions import predict
    from foodviz.analysis.reliance import reliance
    from foodviz.analysis.report import Writing, report
    from foodviz.analysis.rerun import rerun
    from foodviz.analysis.result import Result
    from foodviz.analysis.saliency import saliency
    from foodviz.analysis.sample import sample
    from foodviz.analysis.subject import Subject
    from foodviz.analysis.train import train
    from foodviz.attribution import Attribution
    from foodviz.data import open_dataset
    from foodviz.errors import InputError
    from foodviz.models import load as load_model

# Where each public name is, and its name there where that is another.
_PUBLIC = {
    "Attribution": "attribution",
    "InputError": "errors",
    "Result": "analysis.result",
    "Subject": "analysis.subject",
    "Writing": "analysis.report",
    "activations": "analysis.activations",
    "atlas": "analysis.atlas",
    "confusion": "analysis.confusion",
    "dream": "analysis.dream",
    "embedding": "analysis.embedding",
    "evaluate": "analysis.evaluate",
    "filters": "analysis.filters",
    "inspect": "analysis.inspect",
    "layers": "analysis.layers",
    "lime": "analysis.lime",
    "load_model": "models:load",
    "open_dataset": "data",
    "open_subject": "analysis.opening",
    "predict": "analysis.predictions",
    "reliance": "analysis.reliance",
    "report": "analysis.report",
    "rerun": "analysis.rerun",
    "saliency": "analysis.saliency",
    "sample": "analysis.sample",
    "seen_in_training": "analysis.leakage",
    "train": "analysis.train",
}
__all__ = [
    "Attribution",
    "InputError",
    "Result",
    "Subject",
    "Writing",
    "__version__",
    "activations",
    "atlas",
    "confusion",
    "dream",
    "embedding",
    "evaluate",
    "filters",
    "inspect",
    "layers",
    "lime",
    "load_model",
    "open_dataset",
    "open_subject",
    "predict",
    "reliance",
    "report",
    "rerun",
    "saliency",
    "sample",
    "seen_in_training",
    "train",
]


if not TYPE_CHECKING:  # a type checker takes the imports above, and says that a name is not there

    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'foodviz' has no attribute {name!r}")
        module, _, other = _PUBLIC[name].partition(":")
        return getattr(import_module(f"foodviz.{module}"), other or name)


def __dir__() -> list[str]:
    return sorted(__all__)
