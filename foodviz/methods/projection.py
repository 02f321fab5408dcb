"""Many numbers a picture -> two, so that pictures that a layer answers alike lie near one another."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST = 50  # dimensions that t-SNE is given, by PCA, as its authors do


def by_pca(answers: "NDArray[np.float32]") -> tuple[np.ndarray, float]:
    """The two directions in which answers (N, K) vary most.

    Returns:
        (N, 2), in the answers' own units, and the share of the variance that these two hold.
    """
    from sklearn.decomposition import PCA

    pca = PCA(2, svd_solver="full").fit(answers.astype(np.float64))
    return pca.transform(answers.astype(np.float64)), float(pca.explained_variance_ratio_.sum())


def by_tsne(answers: "NDArray[np.float32]", *, perplexity: float, seed: int) -> np.ndarray:
    """Van der Maaten, Hinton 2008, "Visualizing Data using t-SNE", JMLR 9: who is near whom is kept, distances are not.

    Of the first 50 principal components, started from the first two; one thread, as sums in another order give another
    picture.

    Args:
        answers: (N, K).
        perplexity: about how many neighbours of each picture count, at most a third of the pictures.
        seed: of its random numbers.

    Returns:
        (N, 2), without a unit.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    values = answers.astype(np.float64)
    if min(values.shape) > _FIRST:
        values = PCA(_FIRST, svd_solver="full").fit_transform(values)
    likely = min(perplexity, (len(values) - 1) / 3)
    with threadpool_limits(1):
        places: np.ndarray = TSNE(perplexity=likely, init="pca", random_state=seed, n_jobs=1).fit_transform(values)
    return places
