"""Maps in whatever order of axes a layer gives them: channels first, channels last (Swin), or a row of tokens (ViT)."""

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
    for prefix in range(_MOST_PREFIX + 1):
        rows = round(((shape[0] - prefix) * size[0] / size[1]) ** 0.5) if shape[0] > prefix else 0
        if rows > 1 and (shape[0] - prefix) % rows == 0 and _like((rows, (shape[0] - prefix) // rows), size):
            return "tokens", shape[1], rows, (shape[0] - prefix) // rows
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
