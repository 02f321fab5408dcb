"""Where a classifier comes from: its file's form, what the file declares, what was guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from foodviz.models.guess.rating import Rating
from foodviz.models.preprocessing import Colours

Tried = tuple[Rating, str]  # of the architecture with this text
MOST_LISTED = 8


@dataclass(frozen=True)
class Declared:
    """What a checkpoint says of itself; None where it is silent.

    Attributes:
        architecture: a name for `architectures.build` or a text for `stack.build_stack`.
        class_names: in the order of the logits.
        input_size: (height, width) in pixels.
        mean, std: per channel in the network's own order, for values in [0, 1].
        bgr: whether the network was trained on blue, green, red.
        training: how it was trained, any JSON.
        trained_on: the pictures it was trained on, for `own_format.seen_digests`.
    """

    architecture: str | None = None
    class_names: tuple[str, ...] | None = None
    input_size: tuple[int, int] | None = None
    mean: Colours | None = None
    std: Colours | None = None
    bgr: bool | None = None
    training: Mapping[str, object] | None = None
    trained_on: str | None = None


@dataclass(frozen=True)
class Origin:
    """What is known of a classifier besides its weights.

    Attributes:
        form: of the file, in words.
        architecture: a name for `architectures.build` or a text for `stack.build_stack`; `pickled` where the file's own
            modules run.
        architecture_from: how it is known, in words.
        guessed: whether the weights left several architectures open.
        parameters: how many numbers were learnt.
        guesses: what was assumed and not known, one line each, with what would settle it.
        doubts: of these what every figure says: the architecture is one of several that fit as well.
        tried: architectures that were tried on labelled pictures, best first.
        declared: what the file says of itself.
    """

    form: str = ""
    architecture: str = ""
    architecture_from: str = ""
    guessed: bool = False
    parameters: int = 0
    guesses: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    declared: Declared = field(default_factory=Declared)

    def facts(self) -> dict[str, object]:
        """What manifests say of it, as JSON has it."""
        facts: dict[str, object] = {
            "architecture": self.architecture,
            "architecture_from": self.architecture_from,
            "guessed": self.guessed,
            "form": self.form,
            "parameters": self.parameters,
        }
        if self.tried:
            listed = self.tried[:MOST_LISTED]
            facts["readings_tried"] = [{"arch": arch, **vars(rating)} for rating, arch in listed]
        return facts | {"guesses": list(self.guesses)}
