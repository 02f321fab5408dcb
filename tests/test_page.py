"""The page as text: what it may load, what it escapes, what its sentences say."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest

from foodviz.render import sentences as readings
from foodviz.render.data_uri import map_text, picture_uri
from foodviz.render.page import PARTS, page_html

EVIL = "<script>alert(1)</script>"
SECTION = {
    "name": "saliency",
    "title": EVIL,
    "command_line": f"foodviz saliency --data '{EVIL}'",
    "error": EVIL,
    "settings": {"data": EVIL},
    "chosen": [EVIL],
    "inspected": {},
    "trained_on": EVIL,
    "reading": [EVIL],
    "figures": [{"uri": "data:image/webp;base64,", "width": 1, "height": 1, "title": EVIL}],
    "matrix": {"names": [EVIL, "</script>"], "counts": [[1, 0], [0, 1]], "levels": [[10, 0], [0, 10]], "cells": {}},
}
MANIFEST = {"command": "report", "command_line": EVIL, "versions": {"foodviz": "0", "torch": "0", "python": "0"}}


@pytest.fixture(scope="module")
def html() -> str:
    return page_html(EVIL, [(EVIL, "saliency", True)], [("model", EVIL)], [SECTION], MANIFEST)


def test_every_text_is_escaped(html):
    assert html.count("<script") == html.count("</script>") == 3
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_what_is_embedded_comes_back(html):
    embedded = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', html, re.DOTALL)
    content = {name: json.loads(text) for name, text in embedded}
    assert content["manifest"] == MANIFEST
    assert content["data"]["sections"]["saliency"]["matrix"] == SECTION["matrix"]


def test_the_policy_allows_the_page_s_own_script_and_style_alone(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src &#39;none&#39;" in policy
    for name, part in (("style", "page.css"), ("script", "page.js")):
        text = re.search(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)[1]
        assert text == (PARTS / part).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src &#39;sha256-{digest}&#39;" in policy
    assert "unsafe" not in policy


def test_nothing_is_fetched(html):
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "http://www.w3.org/2000/svg" in html  # a name, never fetched
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", html)
    assert not re.findall(r"@import|url\(", html)
    assert not re.findall(r"\bstyle=|\bon\w+=", html.replace("onerror=alert", ""))


def test_the_reading_says_whether_the_map_lies_on_the_food():
    assert "2.0 times what it would be" in readings.on_region("57", 0.4, 0.2, "the food", "the map")
    assert ": about what it would be" in readings.on_region("57", 0.21, 0.2, "the food", "the map")
    assert "0.5 times what it would be" in readings.on_region("57", 0.1, 0.2, "the food", "the map")


def test_the_reading_of_a_dream_says_when_the_answer_turned():
    frames = [
        {"step": step, "objective": float(step), "predicted": name, "probability": 0.5}
        for step, name in ((0, "Meat"), (10, "Meat"), (20, "Bread"))
    ]
    facts = {
        "climbed": "filter 94",
        "frames": frames,
        "half_of_the_change_by_step": {"on the food": 10, "elsewhere": 20},
    }
    lines = readings.dream(facts)
    assert lines == [
        "Filter 94: from 0 to 20 in 20 steps.",
        "Half of the change had come on the food by step 10, elsewhere by step 20.",
        "The answer turns from Meat to Bread at step 20 and ends at Bread (50%).",
    ]


@pytest.mark.parametrize(
    ("values", "coded"),
    [([[0.0, 2.0]], [0, 255]), ([[-2.0, 1.0]], [1, 192]), ([[0.0, 0.0]], [0, 0])],
    ids=["magnitudes", "signed", "nothing"],
)
def test_maps_are_coded_against_their_largest_magnitude(values, coded):
    told = map_text(np.array(values))
    assert list(base64.b64decode(told["bytes"])) == coded
    assert (told["width"], told["height"]) == (2, 1)


def test_pictures_become_data_uris():
    assert picture_uri(np.zeros((3, 4, 5), np.float32)).startswith("data:image/webp;base64,")
