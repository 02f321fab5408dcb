"""Copies of a picture under another name: a hash that survives new compression, size and brightness.

The hash is the sign of the picture's low frequencies (Zauner 2010, "Implementation and Benchmarking of Perceptual Image
Hash Functions", section 3.2.1), 16 x 16 of them instead of 8 x 8: plates on tables look alike at 64 bits.
"""

import numpy as np
from numpy.typing import NDArray

SIDE = 32  # pixels of the picture that is hashed
BITS = 256
NEAR = 40  # bits: copies, darkened or cropped by a hundredth, differ in fewer; different pictures in about 128

Hashes = NDArray[np.bool_]


def hashes(images: NDArray[np.float32]) -> Hashes:
    """Perceptual hashes of pictures.

    Args:
        images: (N, 3, SIDE, SIDE), RGB in [0, 1], resized with antialiasing.

    Returns:
        (N, BITS)
    """
    grey = np.einsum("nchw,c->nhw", images, np.array([0.299, 0.587, 0.114], np.float32))
    waves = np.cos(np.pi / SIDE * np.arange(1, 17)[:, None] * (np.arange(SIDE) + 0.5))  # not the mean: that is light
    spectrum = (waves @ grey @ waves.T).reshape(len(images), BITS)
    return np.asarray(spectrum > np.median(spectrum, axis=1, keepdims=True))


def near_pairs(first: Hashes, second: Hashes, most: int = NEAR) -> list[tuple[int, int, int]]:
    """Which pictures of two sets look the same.

    Args:
        first, second: (N, BITS) and (M, BITS) hashes.
        most: bits that may differ.

    Returns:
        (index in first, index in second, bits that differ), the nearest first.
    """
    pairs = []
    others = np.where(second, 1, -1).astype(np.float32)
    for start in range(0, len(first), 1024):
        some = np.where(first[start : start + 1024], 1, -1).astype(np.float32)
        bits = (BITS - some @ others.T) / 2
        rows, columns = np.nonzero(bits <= most)
        pairs += [(start + int(a), int(b), int(bits[a, b])) for a, b in zip(rows, columns, strict=True)]
    return sorted(pairs, key=lambda pair: (pair[2], pair))
