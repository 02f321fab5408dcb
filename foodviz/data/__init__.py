"""The dataset reader: a folder or the embedded sample -> splits of ids; picture files -> batches of pixels."""

from foodviz.data.class_names import FOOD11, find_class, match_classes
from foodviz.data.dataset import Dataset, open_dataset, open_files
from foodviz.data.split import Split, spread_ids
from foodviz.printable import printable

__all__ = [
    "FOOD11",
    "Dataset",
    "Split",
    "find_class",
    "match_classes",
    "open_dataset",
    "open_files",
    "printable",
    "spread_ids",
]
