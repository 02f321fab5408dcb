"""Which steps of a forward pass are not linear in what came before, read from the graph that autograd keeps."""

import re
from collections.abc import Collection
from typing import Any

from torch import Tensor

# Of the nodes' names, without `Backward0`. Batch norm is one in evaluation mode.
_LINEAR = re.compile(
    "AccumulateGrad|Add|Sub|Rsub|Neg|Mean|Sum|T|View|UnsafeView|ReshapeAlias|Alias|AsStrided|Clone|ToCopy|CopySlices|"
    "Copys|Cat|Stack|Split|SplitWithSizes|Unbind|Slice|Select|Index|IndexSelect|Gather|Squeeze|Unsqueeze|Expand|Repeat|"
    "Permute|Transpose|Flip|Roll|ConstantPadNd|Unfold|Im2Col|Col2Im|PixelShuffle|PixelUnshuffle|"
    r"(Reflection|Replication)Pad\dD|Upsample\w+|(Mkldnn)?(Adaptive)?AvgPool\dD|\w*Convolution\w*|\w+BatchNorm|"
    r"(Native)?Dropout"
)
# Linear where one factor alone depends on the pixels.
_PRODUCTS = re.compile("Mul|Mm|Mv|Bmm|Dot|Addmm|Addmv|Addbmm|Baddbmm|Addcmul|Linear|Matmul")


def others(output: Tensor, passed_over: Collection[object] = ()) -> list[str]:
    """The steps behind `output` that are not known to be linear, in words, each once.

    Args:
        passed_over: nodes of the graph that are not to be named.
    """
    names: set[str] = set()
    seen: set[Any] = set()
    nodes: list[Any] = [output.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        before = [each for each, _ in node.next_functions]
        nodes += before
        name = re.sub(r"Backward(?=\d*$|s$)\d*", "", type(node).__name__)
        product = _PRODUCTS.fullmatch(name) and sum(each is not None for each in before) == 1
        quotient = name == "Div" and not any(before[1:])
        if not (_LINEAR.fullmatch(name) or product or quotient or node in passed_over):
            names.add(re.sub("(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name.removeprefix("Native")).lower())
    return sorted(names)
