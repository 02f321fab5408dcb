"""Pictures that scripts measure on: those that a model names rightly."""

from foodviz.analysis import open_subject
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.predictions import predict


def correct_pictures(model: str, count: int, split: str = "validation") -> Photographs:
    """About `count` correctly classified pictures, evenly spread over a split of the sample.

    Args:
        model: `sample` or a checkpoint.
    """
    subject = open_subject(model=model, split=split)
    pictures = subject.split()
    answers = predict(subject, pictures, pictures.spread(2 * count))
    return Photographs.of(subject, pictures, answers.ids[answers.right][:count].tolist())
