"""What stands at the head of a report: doubts first, then what was found, each leading to its section."""

from types import SimpleNamespace

from foodviz.analysis.report.findings import findings
from foodviz.render import sentences


def section(name, *found, **manifest):
    """A drawn section with what it found and what its manifest says."""
    return SimpleNamespace(section=SimpleNamespace(name=name), manifest=manifest, page={"findings": list(found)})


def test_doubts_come_first_then_what_the_model_relies_on_then_whether_it_had_seen_the_pictures():
    found = findings(
        [
            section(
                "saliency", "maps", model={"remarks": ["doubt"]}, trained_on="4 of 4 images were in the training set"
            ),
            section("confusion", "errors", trained_on="0 of 9 images were in the training set"),
            section("reliance", "colour", model={"remarks": ["doubt"]}),
        ]
    )
    assert [(each.section, each.warns) for each in found] == [
        ("inspect", True),
        ("reliance", False),
        ("confusion", False),
        ("saliency", False),
        ("confusion", False),
        ("saliency", False),
    ]


def test_pictures_that_the_model_knows_warn_where_it_is_measured_on_them():
    (found,) = findings([section("confusion", trained_on="3 of 9 images were in the training set")])
    assert found.warns
    (found,) = findings([section("confusion", trained_on="suspicion: validation looks trained on; accuracy 99 %")])
    assert found.warns
    (found,) = findings(
        [section("confusion", trained_on="accuracy 90 % on 1000 training images and 80 % on validation")]
    )
    assert not found.warns


def test_a_checkpoint_that_does_not_say_what_it_was_trained_on_is_said():
    (found,) = findings([section("dream")])
    assert "does not say" in found.sentence


def test_maps_that_cannot_be_believed_are_counted_with_the_reason_of_the_first():
    assert sentences.believed("gradient", 4, 4, "").startswith("4 of 4 gradient maps can be believed: ")
    line = sentences.believed("gradient", 0, 1, "a.jpg for Egg: do not read: an edge detector draws the same")
    assert line == "0 of 1 gradient map can be believed; a.jpg for Egg: do not read: an edge detector draws the same."
