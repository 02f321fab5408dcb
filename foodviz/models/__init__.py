"""The model loader: bytes -> weights, architectures, layer addressing -> Classifier."""

from foodviz.models.classifier import Classifier
from foodviz.models.layers import Layer, check_channels, convolution_before, resolve
from foodviz.models.layers_with_maps import last_maps, layer_with_maps
from foodviz.models.loading import load, reread
from foodviz.models.origin import Declared, Origin
from foodviz.models.preprocessing import Preprocessing
from foodviz.models.speed import channels_last, fast

__all__ = [
    "Classifier",
    "Declared",
    "Layer",
    "Origin",
    "Preprocessing",
    "channels_last",
    "check_channels",
    "convolution_before",
    "fast",
    "last_maps",
    "layer_with_maps",
    "load",
    "reread",
    "resolve",
]
