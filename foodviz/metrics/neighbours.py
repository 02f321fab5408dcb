"""How well a layer keeps classes apart, and how much of that a picture in two dimensions keeps."""

import numpy as np

NEAREST = 5  # neighbours that vote


def votes_right(answers: np.ndarray, labels: np.ndarray) -> float:
    """The share of pictures whose label most of their NEAREST neighbours have, themselves left out.

    Of as many votes the class of the nearer neighbour wins.

    Args:
        answers: (N, K), N above NEAREST.
        labels: (N,) class index.
    """
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=NEAREST).fit(answers).kneighbors(return_distance=False)
    right = 0
    for label, others in zip(labels.tolist(), labels[near].tolist(), strict=True):
        right += max(others, key=lambda each: (others.count(each), -others.index(each))) == label
    return right / len(labels)


def silhouette(answers: np.ndarray, labels: np.ndarray) -> float | None:
    """How much nearer pictures are to their own class than to the next one, mean, -1 to 1; None for a single class.

    Rousseeuw 1987, "Silhouettes", J. Comput. Appl. Math. 20.
    """
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(answers, labels)) if 1 < len(set(labels.tolist())) < len(labels) else None


def neighbours_kept(answers: np.ndarray, places: np.ndarray) -> float:
    """How far those who are near one another in the picture are so in the layer, 0 to 1 (trustworthiness).

    Venna, Kaski 2001, "Neighborhood Preservation in Nonlinear Projection Methods", ICANN, of NEAREST neighbours.

    Args:
        answers: (N, K). places: (N, 2).
    """
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(answers, places, n_neighbors=min(NEAREST, (len(answers) - 1) // 2)))
