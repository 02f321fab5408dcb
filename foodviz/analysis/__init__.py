"""Every command as a function: `saliency(subject, ids=[57])` is `foodviz saliency --ids 57`."""

from foodviz.analysis.activations import activations
from foodviz.analysis.atlas import atlas
from foodviz.analysis.confusion import confusion
from foodviz.analysis.dream import dream
from foodviz.analysis.embedding import embedding
from foodviz.analysis.evaluate import evaluate
from foodviz.analysis.filters import filters
from foodviz.analysis.inspect import inspect
from foodviz.analysis.layers import layers
from foodviz.analysis.lime import lime
from foodviz.analysis.opening import open_subject
from foodviz.analysis.reliance import reliance
from foodviz.analysis.report import report
from foodviz.analysis.rerun import rerun
from foodviz.analysis.result import Result
from foodviz.analysis.saliency import saliency
from foodviz.analysis.sample import sample
from foodviz.analysis.subject import Subject
from foodviz.analysis.train import train

__all__ = [
    "Result",
    "Subject",
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
    "open_subject",
    "reliance",
    "report",
    "rerun",
    "saliency",
    "sample",
    "train",
]
