"""The dataset reader: folder layouts -> listing of ids; files -> Batch; the embedded sample."""

from foodviz.data.folders import open_folder
from foodviz.data.listing import FOOD11, Listing
from foodviz.data.sample import open_sample

__all__ = ["FOOD11", "Listing", "open_split"]


def open_split(data: str = "sample", split: str | None = None, *, default: str | None = None) -> Listing:
    """List one split: `sample` for the embedded pictures, else a folder in any layout of Food-11.

    Args:
        data: `sample` or a folder.
        split: any usual name (`training`, `train`, `val`, `test`, …); None for the default.
        default: the split where none is asked for and the data has several; None for training, or what there is.

    Raises:
        InputError: no such folder or split, or no picture in it.
    """
    return open_sample(split or default) if data == "sample" else open_folder(str(data), split, default)
