"""Every command as a function: `saliency(subject, ids=[57])` is `foodviz saliency --ids 57`."""

from foodviz.analysis.activations import activations
from foodviz.analysis.dream import dream
from foodviz.analysis.layers import layers
from foodviz.analysis.result import Result
from foodviz.analysis.saliency import saliency
from foodviz.analysis.subject import Subject, open_subject

__all__ = ["Result", "Subject", "activations", "dream", "layers", "open_subject", "saliency"]
