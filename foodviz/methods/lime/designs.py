"""Which superpixels are hidden in which sample: lime's coin tosses, and designs that need fewer rows for one error.

random      lime's own: every entry is a coin toss.
antithetic  every random row is followed by its opposite: whatever an even number of superpixels do together falls out
            of the weights (Hammersley and Morton 1956, "A new Monte Carlo technique: antithetic variates"; for
            explanations Covert and Lee 2021, arXiv:2012.01536, "paired sampling").
balanced    the rows of a Hadamard matrix, each followed by its opposite: besides, no superpixel's estimate takes
            anything from another's. An orthogonal array of strength 3 (Hedayat, Sloane and Stufken 1999, "Orthogonal
            Arrays", chapter 7; the rows are those of Plackett and Burman 1946, "The design of optimum multifactorial
            experiments", folded over as in Box and Wilson 1951). Columns, their signs and the order of the pairs are
            drawn anew for each block, so that every row alone is a toss of coins as lime's is.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np

# Rows that belong together, one after the other: opposites are judged as one observation.
GROUP = {"random": 1, "antithetic": 2, "balanced": 2}
# Order of the Hadamard matrix: at least so many columns for each superpixel (what is over shows how far the model is
# from a straight line), and at least so many in all. One large block says more than two small ones.
_SPARE, _LEAST = 1.25, 120


def blocks(design: str, superpixels: int, seed: int) -> Iterator[np.ndarray]:
    """Endless blocks of samples, each a fair look at every superpixel; the very first row shows the whole photograph.

    Args:
        design: one of GROUP.
        superpixels: S, at least 1.
        seed: 0 to 2**32 - 1.

    Yields:
        (rows, S) bool, True where the superpixel is shown; with opposites the first block has one row more. The
        random blocks in a row are lime's rows with this random_state.
    """
    matrix = hadamard(max(int(np.ceil(_SPARE * superpixels)), _LEAST))
    if design == "random":
        tosses = np.random.RandomState(seed)
        block = tosses.randint(0, 2, (2 * len(matrix), superpixels)).astype(bool)
        block[0] = True  # lime draws this row, too, before it overwrites it
        while True:
            yield block
            block = tosses.randint(0, 2, block.shape).astype(bool)
    opposites = _opposites(matrix, superpixels, np.random.default_rng(seed), orthogonal=design == "balanced")
    yield np.concatenate([np.ones((1, superpixels), bool), next(opposites)])
    yield from opposites


def _opposites(
    matrix: np.ndarray, superpixels: int, generator: np.random.Generator, *, orthogonal: bool
) -> Iterator[np.ndarray]:
    while True:
        if orthogonal:
            columns = generator.permutation(len(matrix))[:superpixels]
            signs = generator.integers(0, 2, superpixels).astype(bool)
            rows = (generator.permutation(matrix)[:, columns] > 0) ^ signs
        else:
            rows = generator.integers(0, 2, (len(matrix), superpixels)).astype(bool)
        yield np.stack([rows, ~rows], axis=1).reshape(-1, superpixels)


def hadamard(least: int) -> np.ndarray:
    """The smallest Hadamard matrix of at least that order which Paley's first construction and doubling reach.

    Paley 1933, "On orthogonal matrices"; the gaps between the orders reached are small (16 at most below 300). Paley's
    comes first: products of its columns are never whole other columns, as a doubled one's are (Box and Tyssedal 1996).

    Returns:
        (n, n) int8 of -1 and 1; rows and columns are orthogonal.
    """
    return next(matrix for order in count(least) if (matrix := _of_order(order)) is not None)


def _of_order(order: int) -> np.ndarray | None:
    if order == 1:
        return np.ones((1, 1), np.int8)
    prime = order - 1
    if order % 4 == 0 and all(prime % divisor for divisor in range(3, int(prime**0.5) + 1, 2)):
        squares = {number * number % prime for number in range(1, prime)}
        character = np.array([0] + [1 if number in squares else -1 for number in range(1, prime)], np.int8)
        matrix = np.ones((order, order), np.int8)
        matrix[1:, 0] = -1
        matrix[1:, 1:] = character[np.subtract.outer(np.arange(prime), np.arange(prime)) % prime]
        matrix[np.diag_indices(order)] = 1  # I + S, with S skew-symmetric
        return matrix
    half = _of_order(order // 2) if order % 2 == 0 else None
    return None if half is None else np.block([[half, half], [half, -half]])
