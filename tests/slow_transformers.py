"""ViT and Swin of torchvision written out, with attention between all tokens as one matrix: oracles for tests."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

Matrices = list[Tensor]  # of each layer (heads, T, T), part of the graph


def vit_forward(net: nn.Module, image: Tensor) -> tuple[Tensor, Matrices]:
    """Logits (C,) and attention of torchvision's VisionTransformer, for one image."""
    tokens = net.conv_proj(image[None]).flatten(2)[0].T
    tokens = torch.cat([net.class_token[0], tokens]) + net.encoder.pos_embedding[0]
    matrices = []
    for block in net.encoder.layers:
        inner = block.self_attention
        query, key, value = (block.ln_1(tokens) @ inner.in_proj_weight.T + inner.in_proj_bias).chunk(3, -1)
        width = query.shape[1] // inner.num_heads
        mixed, heads = [], []
        for head in range(inner.num_heads):
            own = slice(head * width, (head + 1) * width)
            weights = (query[:, own] @ key[:, own].T / width**0.5).softmax(-1)
            weights = weights if weights.requires_grad else weights.detach().requires_grad_()
            heads.append(weights)
            mixed.append(weights @ value[:, own])
        tokens = tokens + inner.out_proj(torch.cat(mixed, 1))
        tokens = tokens + block.mlp(block.ln_2(tokens))
        matrices.append(heads)
    return net.heads(net.encoder.ln(tokens)[0]), matrices


def swin_forward(net: nn.Module, image: Tensor) -> tuple[Tensor, list[tuple[tuple[int, int], Matrices]]]:
    """Logits (C,), and of each layer the map's size and attention (heads, h * w, h * w), for one image."""
    maps, layers = net.features[0](image[None])[0], []
    for stage in list(net.features)[1:]:
        if not isinstance(stage, nn.Sequential):
            maps = stage(maps[None])[0]
            continue
        for block in stage:
            mixed, heads = _window_attention(block.attn, block.norm1(maps))
            layers.append(((maps.shape[0], maps.shape[1]), heads))
            maps = maps + mixed
            maps = maps + block.mlp(block.norm2(maps))
    return net.head(net.norm(maps).mean((0, 1))), layers


def _window_attention(layer: nn.Module, maps: Tensor) -> tuple[Tensor, Matrices]:
    """Attention from every token to those of its window, written for one token after the other."""
    height, width, channels = maps.shape
    size, shift = layer.window_size, list(layer.shift_size)
    rows, columns = (-(-side // each) * each for side, each in zip((height, width), size, strict=True))
    shift = [0 if size[0] >= rows else shift[0], 0 if size[1] >= columns else shift[1]]
    padded = functional.pad(maps, (0, 0, 0, columns - width, 0, rows - height)).reshape(-1, channels)
    query, key, value = layer.qkv(padded).chunk(3, -1)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    allowed = torch.zeros(len(places), len(places), dtype=torch.bool)
    relative = torch.zeros(len(places), len(places), dtype=torch.long)
    for i, one in enumerate(places):
        for j, other in enumerate(places):
            # Windows are cut from the map moved by the shift; what comes round from the other side is another region.
            at = [
                [(p - s) % n for p, s, n in zip(place, shift, (rows, columns), strict=True)] for place in (one, other)
            ]
            cells = [[a // s for a, s in zip(each, size, strict=True)] for each in at]
            came_round = [[p < s for p, s in zip(place, shift, strict=True)] for place in (one, other)]
            allowed[i, j] = cells[0] == cells[1] and came_round[0] == came_round[1]
            if cells[0] == cells[1]:
                away = [a % s - b % s + s - 1 for a, b, s in zip(*at, size, strict=True)]
                relative[i, j] = away[0] * (2 * size[1] - 1) + away[1]
    wide = channels // layer.num_heads
    mixed, heads = [], []
    inside = torch.tensor([row < height and column < width for row, column in places])
    for head in range(layer.num_heads):
        own = slice(head * wide, (head + 1) * wide)
        products = query[:, own] @ key[:, own].T / wide**0.5 + layer.relative_position_bias_table[relative, head]
        weights = products.masked_fill(~allowed, -torch.inf).softmax(-1)[inside]
        real = weights[:, inside]
        real = real if real.requires_grad else real.detach().requires_grad_()
        heads.append(real)
        mixed.append(real @ value[inside][:, own] + weights[:, ~inside] @ value[~inside][:, own])
    return layer.proj(torch.cat(mixed, 1)).view(height, width, channels), heads


def merging(before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    """(h * w, H * W): each merged token is its (up to four) tokens in equal parts."""
    matrix = torch.zeros(after[0] * after[1], before[0] * before[1])
    for row in range(before[0]):
        for column in range(before[1]):
            matrix[row // 2 * after[1] + column // 2, row * before[1] + column] = 1
    return matrix / matrix.sum(1, keepdim=True)


def swin_product(layers: list[tuple[tuple[int, int], Tensor]]) -> Tensor:
    """The product of the layers' matrices (T, T) with the mergings between them, the first layer rightmost."""
    grid, product = layers[0][0], torch.eye(layers[0][1].shape[0])
    for own, matrix in layers:
        product = product if own == grid else merging(grid, own) @ product
        grid, product = own, matrix @ product
    return product


def rolled(heads: Matrices) -> Tensor:
    """Abnar and Zuidema's matrix of a layer."""
    attention = torch.stack(heads).detach().mean(0) + torch.eye(len(heads[0]))
    return attention / attention.sum(1, keepdim=True)


def relevant(heads: Matrices, gradients: Callable[[Tensor], Tensor]) -> Tensor:
    """Chefer et al.'s matrix of a layer, the residual connection included."""
    return torch.eye(len(heads[0])) + sum((gradients(each) * each.detach()).clamp(min=0) for each in heads) / len(heads)
