"""The model loader: bytes -> weights, architectures, layer addressing -> Classifier."""

from foodviz.models.classifier import Classifier
from foodviz.models.fold import speed_up
from foodviz.models.layers import Layer, last_maps, resolve
from foodviz.models.loading import load, reread
from foodviz.models.pixels import Pixels

__all__ = ["Classifier", "Layer", "Pixels", "last_maps", "load", "reread", "resolve", "speed_up"]
