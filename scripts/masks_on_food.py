"""How well estimated masks fit the sample's true ones: intersection over union on 300 validation pictures.

python scripts/masks_on_food.py
"""

import numpy as np

from foodviz.data import open_dataset
from foodviz.data.batch import batches
from foodviz.data.masks import estimated
from foodviz.data.split import resized_mask

SIZE = (128, 128)


def main() -> None:
    """Of the estimate, and of an ellipse in the middle, which knows nothing of the picture."""
    split = open_dataset().split("validation")
    rows, columns = (np.linspace(-1, 1, length) for length in SIZE)
    middle = rows[:, None] ** 2 + columns**2 < 0.6**2
    found = []
    for batch in batches(split, split.spread(300), SIZE):
        for index, pixels in zip(batch.ids, batch.images.permute(0, 2, 3, 1).double().numpy(), strict=True):
            mask = split.mask(index)
            if mask is not None and mask.any():
                truth = resized_mask(mask, SIZE)
                found.append([overlap(guess, truth) for guess in (estimated(pixels), middle)])
    for name, values in zip(("estimated", "an ellipse in the middle"), np.array(found).T, strict=True):
        shares = f"{np.mean(values >= 0.5):.0%} of them at least 0.5, {np.mean(values < 0.1):.0%} below 0.1"
        print(f"{name}: mean {values.mean():.2f}, median {np.median(values):.2f}; {shares} ({len(values)} pictures)")


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())


if __name__ == "__main__":
    main()
