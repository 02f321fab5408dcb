"""Pictures that excite the logits of classes most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.analysis.filters.ascent import ascend
from foodviz.analysis.filters.pictures import ClimbedPictures
from foodviz.analysis.result import Result
from foodviz.printable import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.filters.arguments import AscentArguments
    from foodviz.analysis.photographs import Photographs


def of_classes(
    photographs: Photographs, classes: Sequence[str], climb: AscentArguments, settings: Mapping[str, Any]
) -> Result:
    """`filters` with classes by name or number."""
    from foodviz import models
    from foodviz.data.class_names import find_class

    subject = photographs.subject
    names = subject.classifier.class_names
    numbers = [find_class(each, names, "classes") for each in classes]
    classes_drawn = [names[number] for number in numbers]
    titles = [printable(name, 32) for name in classes_drawn]
    model = models.fast(subject.classifier)
    ascent = ascend(photographs, climb, model, model, numbers)
    dead = ascent.dead.view(len(numbers), -1).all(1).numpy()
    drawn = ClimbedPictures(climb, subject.seed, ascent, numbers, titles, "the logit", "logit", dead)

    def draw() -> Mapping[str, Figure]:
        return {"": drawn.sheet(), **drawn.steps()}

    facts = {**photographs.facts(), **drawn.facts(), "classes": classes_drawn}
    return Result("filters", settings, drawn.arrays(), facts, photographs.table, (), draw)
