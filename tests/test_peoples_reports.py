"""A report of a small net and of people's own pictures: the defaults are what the net and the data have."""

import json

from hues import hue_net, picture

import foodviz as foodviz_package
from foodviz.analysis.report.plan import planned


def test_every_section_of_a_small_net(foodviz, tmp_path):
    for number, name in enumerate(("apple", "kiwi", "plum")):
        for index in range(2):
            picture(tmp_path / "data" / name / f"{index}.png", number)
    chosen = ("--sections", "inspect", "saliency", "activations", "dream", "confusion", "--dpi", "40")
    result = foodviz("report", "--data", "data", *hue_net(tmp_path, range(3)), *chosen)
    assert result.exit_code == 0, result.stderr
    drawn = json.loads((tmp_path / "results" / "report" / "activations" / "activations.json").read_text())
    assert drawn["layer_name"] == "conv"


def test_pictures_without_labels_give_the_sections_that_need_none(tmp_path):
    for index in range(2):
        picture(tmp_path / "data" / f"IMG_{index}.png", index)
    subject = foodviz_package.open_subject(data=str(tmp_path / "data"))
    planned_for = planned(subject, {}, (), (), None)
    names = [section.name for section in planned_for]
    assert names == ["saliency", "activations", "filters", "lime", "reliance", "dream", "inspect"]
