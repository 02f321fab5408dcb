"""Maps in whatever order of axes a layer gives them: channels first, channels last (Swin), or a row of tokens (ViT)."""

from math import isqrt

from torch import Tensor

_MOST_PREFIX = 8  # tokens before those of the patches: a class token, registers
_OBLONG = 0.26  # how far a grid's sides may be from the picture's own proportion, as a share: cells are whole


def layout(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[str, int, int, int] | None:
    """How a layer's output is laid out.

    Args:
        shape: of the output without its batch.
        size: height and width of the picture.

    Returns:
        `first`, `last` or `tokens`, and channels, rows, columns; None where no grid of cells can be read in it.
        Where both orders could be meant, channels first.
    """
    if len(shape) == 3:
        first, last = _like(shape[1:], size), _like(shape[:2], size)
        return ("last", shape[2], *shape[:2]) if last and not first else ("first", *shape)
    if len(shape) != 2:
        return None
    grid = patches(shape[0], size)
    return ("tokens", shape[1], *grid) if grid and grid != (1, 1) else None


def patches(tokens: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Rows and columns of square patches of the picture that, with a few tokens before them, are so many tokens."""
    height, width = size
    for prefix in range(min(_MOST_PREFIX + 1, (tokens + 1) // 2)):
        side = isqrt(height * width // (tokens - prefix))
        if side and height % side == width % side == 0 and (height // side) * (width // side) == tokens - prefix:
            return height // side, width // side
    return None


def as_maps(output: Tensor, size: tuple[int, int]) -> Tensor | None:
    """(N, K, h, w) of a layer's output for pictures of that height and width; None where it holds no maps."""
    found = layout(tuple(output.shape[1:]), size)
    if found is None:
        return None
    order, channels, rows, columns = found
    if order == "last":
        return output.movedim(-1, 1)
    if order == "tokens":
        return output[:, -rows * columns :].movedim(-1, 1).reshape(-1, channels, rows, columns)
    return output


def _like(grid: tuple[int, ...], size: tuple[int, int]) -> bool:
    return abs(grid[0] * size[1] / (grid[1] * size[0]) - 1) <= _OBLONG
