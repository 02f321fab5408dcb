"""Which token of a network attends to which: the weights of its self-attention layers, read while the forward runs.

What is read is functions, not modules: `scaled_dot_product_attention`, `multi_head_attention_forward` and any softmax
whose answers are square matrices are answered here, with the same numbers. That is torchvision's ViT, `nn.Transformer`,
timm's ViT (fused or not), most ViTs that people write themselves, and Swin, torchvision's and timm's, whose windows are
put together again.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.errors import InputError
from foodviz.hooks import Intercepted, Running, running
from foodviz.token_maps import patches

_READ = "ViT and Swin are read"


@dataclass(frozen=True, eq=False)
class AttentionLayer:
    """One self-attention layer as it ran, for N pictures, T tokens, V windows of L tokens each.

    Attributes:
        weights: (N * V, heads, L, L), rows sum to 1; part of the graph.
        grid: rows and columns of patches; their tokens are the last ones.
        windows: (V, L) int64, which token stands in each place; T where there is none but padding.
    """

    weights: Tensor
    grid: tuple[int, int]
    windows: Tensor
    tokens: int

    def joined(self, values: Tensor) -> Tensor:
        """The mean over the heads of (N * V, heads, L, L): (N, V, L, L), 0 for what goes to padding."""
        there = (self.windows < self.tokens).to(values)
        return values.mean(1).view(-1, len(self.windows), *values.shape[-2:]) * there[:, None]

    def reading(self, gradient: Tensor) -> Tensor:
        """Whose attention the score depends on: (N, T) shares, from the gradient of `weights`; 0 where it does not."""
        rows = self._scattered((self.joined(gradient.abs()).sum(-1) > 0).to(gradient))
        return rows / rows.sum(1, keepdim=True).clamp_min(1)

    def before(self, tokens: Tensor, mix: Tensor) -> Tensor:
        """Values (N, T) of the tokens behind the layer, carried to those before it by rows of `mix` (N, V, L, L)."""
        inside = functional.pad(tokens, (0, 1))[:, self.windows]
        return self._scattered(torch.einsum("nvl,nvlk->nvk", inside, mix))

    def _scattered(self, values: Tensor) -> Tensor:
        """(N, V, L) -> (N, T)."""
        empty = values.new_zeros(len(values), self.tokens + 1)
        return empty.index_add_(1, self.windows.flatten(), values.flatten(1))[:, :-1]


def read(model: nn.Module, images: Tensor) -> tuple[Tensor, list[AttentionLayer]]:
    """The logits, and every self-attention layer in the order in which they ran, all in one graph.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen, in evaluation mode.

    Raises:
        InputError: the network has no attention between patches, or one of another form than is read.
    """
    with torch.enable_grad(), running(model) as modules, _Reader(modules, images) as reader:
        logits = model(images)
    if not reader.layers:
        kinds = Counter(type(each).__name__ for each in model.modules() if next(each.children(), None) is None)
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(5))
        raise InputError(f"this network has no attention between patches, {_READ}; it has {parts}")
    return logits, reader.layers


def carried_back(layers: Sequence[AttentionLayer], mixes: Sequence[Tensor], tokens: Tensor) -> Tensor:
    """Values of the tokens behind the last layer, carried to the patches: (N, T) -> (N, h, w).

    Args:
        mixes: for each layer (N, V, L, L), what its tokens take from those before it.

    Raises:
        InputError: between two layers tokens are joined in another way than square by square.
    """
    grid = layers[-1].grid
    for layer, mix in zip(reversed(layers), reversed(mixes), strict=True):
        if layer.grid != grid:
            tokens = _unmerged(tokens, grid, layer.grid)
            grid = layer.grid
        tokens = layer.before(tokens, mix)
    return tokens[:, -grid[0] * grid[1] :].reshape(-1, *grid)


def _unmerged(tokens: Tensor, grid: tuple[int, int], before: tuple[int, int]) -> Tensor:
    """What merged tokens (N, h * w) have, to those that they were merged of, in equal parts: (N, H * W)."""
    factor = -(-before[0] // grid[0])
    if tuple(-(-side // factor) for side in before) != grid or tokens.shape[1] != grid[0] * grid[1]:
        raise InputError(f"tokens of {before[0]}x{before[1]} patches become {grid[0]}x{grid[1]}; {_READ}")
    ones = functional.pad(tokens.new_ones(1, *before), (0, -before[1] % factor, 0, -before[0] % factor))
    shares = tokens.view(-1, *grid) / (functional.avg_pool2d(ones, factor) * factor**2)
    large = shares.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    return large[:, : before[0], : before[1]].flatten(1)


class _Reader(Intercepted):
    """Collects the attention layers of a forward."""

    def __init__(self, modules: Sequence[Running], images: Tensor) -> None:
        super().__init__(self._read)
        self.modules, self.count, self.size = modules, len(images), (images.shape[-2], images.shape[-1])
        self.layers: list[AttentionLayer] = []

    def _read(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = getattr(func, "__name__", "")
        if name == "scaled_dot_product_attention":
            return self._scaled(*args, **kwargs)
        if name == "multi_head_attention_forward":
            return self._multi_head(func, inspect.signature(func).bind(*args, **kwargs))
        result = func(*args, **kwargs)
        if (
            name == "softmax"
            and result.ndim > 2
            and (args[1] if len(args) > 1 else kwargs["dim"]) in (-1, result.ndim - 1)
        ):
            square = result.shape[-1] == result.shape[-2]
            return self._kept(result) if square or result.ndim > 3 else result
        return result

    def _scaled(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        **more: Any,
    ) -> Tensor:
        if is_causal or dropout_p or any(more.values()):
            raise self._other_form()
        products = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            products = products.masked_fill(~attn_mask, -torch.inf)
        elif attn_mask is not None:
            products = products + attn_mask
        return self._kept(products.softmax(-1)) @ value

    def _multi_head(self, func: Any, bound: inspect.BoundArguments) -> tuple[Tensor, Tensor | None]:
        """Its own weights, times the values: what PyTorch hands out as weights is no part of its answer's graph."""
        bound.apply_defaults()
        given = bound.arguments
        _, weights = func(**{**given, "need_weights": True, "average_attn_weights": False})
        weights = self._kept(weights)
        packed = not given["use_separate_proj_weight"]
        weight = given["in_proj_weight"].chunk(3)[2] if packed else given["v_proj_weight"]
        bias = None if given["in_proj_bias"] is None else given["in_proj_bias"].chunk(3)[2]
        value = functional.linear(given["value"], weight, bias)
        heads = value.view(*value.shape[:2], given["num_heads"], -1)
        mixed = torch.einsum("nhls,snhd->lnhd", weights, heads).flatten(2)
        answer = functional.linear(mixed, given["out_proj_weight"], given["out_proj_bias"])
        if not given["need_weights"]:
            return answer, None
        return answer, weights.mean(1) if given["average_attn_weights"] else weights

    def _kept(self, weights: Tensor) -> Tensor:
        """Keep a layer's weights (N * V, heads, L, L), or without heads, and answer them for the network to go on."""
        if weights.ndim not in (3, 4) or weights.shape[-2] != weights.shape[-1]:
            raise self._other_form()
        weights = weights if weights.requires_grad else weights.detach().requires_grad_()
        with_heads = weights if weights.ndim == 4 else weights[:, None]
        self.layers.append(self._layer(with_heads))
        return with_heads.clone().view(weights.shape)  # the network may write into what it gets

    def _layer(self, weights: Tensor) -> AttentionLayer:
        count, length = weights.shape[0], weights.shape[-1]
        windowed = next((each for each in reversed(self.modules) if hasattr(each.module, "shift_size")), None)
        if windowed is None:
            windows, grid, tokens = torch.arange(length)[None], self._grid(length), length
        else:
            own: Any = windowed.module
            maps = windowed.inputs[0]
            if not isinstance(maps, Tensor) or maps.ndim != 4:
                raise self._other_form()
            grid, tokens = (maps.shape[1], maps.shape[2]), maps.shape[1] * maps.shape[2]
            windows = _windows(*grid, own.window_size, own.shift_size)
            if hasattr(own, "attn") and windows.numel() > tokens:
                raise InputError(f"padded windows, in {windowed}; {_READ}; timm's Swin is where they fit the map")
        if windows.shape[1] != length or len(windows) * self.count != count:
            raise self._other_form()
        return AttentionLayer(weights, grid, windows.to(weights.device), tokens)

    def _other_form(self) -> InputError:
        return InputError(f"attention of another form than is read, in {self.modules[-1]}; {_READ}")

    def _grid(self, length: int) -> tuple[int, int]:
        """Rows and columns of the patches that so many tokens are."""
        grid = patches(length, self.size)
        if grid is None:
            height, width = self.size
            raise InputError(
                f"attention between {length} tokens, which are no patches of {width}x{height} pixels, in "
                f"{self.modules[-1]}; {_READ}"
            )
        return grid


def _windows(height: int, width: int, size: Sequence[int], shift: Sequence[int]) -> Tensor:
    """(V, L) the tokens in each window of a padded and shifted map, as torchvision's Swin cuts it."""
    index = torch.arange(height * width).view(height, width)
    index = functional.pad(index, (0, -width % size[1], 0, -height % size[0]), value=height * width)
    rows, columns = index.shape
    index = index.roll([0 if size[0] >= rows else -shift[0], 0 if size[1] >= columns else -shift[1]], (0, 1))
    index = index.view(rows // size[0], size[0], columns // size[1], size[1])
    return index.permute(0, 2, 1, 3).reshape(-1, size[0] * size[1])
