"""Names from strangers stay names: in the terminal, in figures, in PNG, CSV, TOML and HTML."""

import csv
import json
import re
import shutil
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from foodviz.analysis.confusion.summary import write_rows
from foodviz.analysis.inspect import as_config
from foodviz.errors import InputError
from foodviz.models import Classifier
from foodviz.models.architectures import build
from foodviz.models.files.own_format import save
from foodviz.render.confusion import matrix_figure
from foodviz.render.page import page_html
from foodviz.render.style import new_figure, short, titled
from foodviz.results import ResultFolder

NAMES = (
    "$x^2$",
    r"\frac{1}{2} $\frac$",
    "$\\input{/etc/passwd}$",
    "\x1b[31mred\x1b[0m\x07",
    "two\nlines\r\ttab",
    "\u202egnp.exe\u2066",
    "\udcff\udcfe",
    "寿司 🍜 שלום",
    "<img src=x onerror=alert(1)>",
    "%(x)s {0} {x!r} `ids`",
    "n" * 5000,
)
each_name = pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def pixels(figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


@each_name
def test_a_figure_draws_any_name_as_it_is(name):
    figure = new_figure(4, 3)
    axes = figure.subplots()
    axes.set_title(name)
    axes.set_xticks([0, 1], [short(name), "b"])
    axes.plot([0, 1], label=short(name, 20))
    axes.legend()
    titled(figure, name, [name])
    with warnings.catch_warnings(), rc_context({"text.usetex": True}):
        warnings.simplefilter("error")
        assert pixels(figure).size
    assert all(text.get_usetex() is text.get_parse_math() is False for text in figure.findobj(Text))


def test_a_formula_is_drawn_as_its_letters_and_the_settings_of_a_notebook_stay():
    drawn = []
    for name in ("$x^2$", "$x^3$", "x²"):
        figure = new_figure(2, 1)
        figure.text(0.1, 0.5, name)
        drawn.append(pixels(figure))
        with rc_context({"text.parse_math": True}):
            plain = new_figure(2, 1)
            plain.text(0.1, 0.5, name, parse_math=False)
            np.testing.assert_array_equal(drawn[-1], pixels(plain))


@each_name
def test_a_matrix_keeps_its_room_whatever_its_classes_are_called(name):
    counts = np.array([[3, 1], [0, 2]])
    figure = matrix_figure(counts, counts / 4, [name, "Bread"], {"images": counts.sum(1)}, title="t")
    assert pixels(figure).size
    assert figure.axes[0].get_position().width > 0.3


@each_name
def test_a_png_says_the_command_line_without_what_no_text_may_hold(tmp_path, name):
    results = ResultFolder(tmp_path, "lime", f"foodviz lime --image {name}")
    figure = new_figure(1, 1)
    for path in (results.figure(figure, dpi=50), results.picture("a.png", np.zeros((2, 2, 3), np.uint8))):
        said = Image.open(path).text["Description"]
        assert said.startswith("foodviz lime --image ")
        assert not ACTS.search(said)
        assert said == f"foodviz lime --image {name}" or not name.isprintable()


def test_a_csv_is_text_whatever_the_names_are(tmp_path):
    write_rows(tmp_path / "a.csv", [[name] for name in NAMES])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        read = [row[0] for row in csv.reader(stream)]
    assert read == [name.encode("utf-8", "backslashreplace").decode() for name in NAMES]


def section(name: str) -> dict:
    empty = {"figures": [], "inspected": {}, "trained_on": "", "error": name, "command_line": name}
    cards = [{"number": 1, "says": name, "crops": []}]
    return {
        "name": "lime",
        "title": name,
        "reading": [name],
        "settings": {"a": name},
        "chosen": [],
        "cards": cards,
    } | empty


@each_name
def test_a_page_shows_any_name_and_holds_the_manifest_as_it_was(name):
    manifest = {"command_line": name, "versions": dict.fromkeys(("foodviz", "torch", "python"), name)}
    html = page_html(name, [(name, "lime", True)], [("model", name)], [section(name)], manifest)
    html.encode("utf-8")  # it becomes a file
    embedded = json.loads(re.search('id="manifest">(.*?)</script>', html, re.S)[1])
    assert embedded == manifest
    data = json.loads(re.search('id="data">(.*?)</script>', html, re.S)[1])
    assert not ACTS.search(data["sections"]["lime"]["cards"][0]["says"])
    shown = html.split('<script type="application/json"')[0].split("</style>")[1]
    assert not ACTS.search(shown)
    assert "<img src=x" not in shown


def facts(file: str) -> dict:
    return {
        "file": file,
        "architecture": file,
        "weight_set": file,
        "fit": file,
        "input_size": [32, 32],
        "verdict": file,
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_config_holds_any_file_name(file):
    read = tomllib.loads(as_config(facts(file)))
    assert (read["model"], read["arch"], read.get("weight_set", "")) == (file, file, file)


def test_a_name_that_toml_cannot_hold_is_said():
    with pytest.raises(InputError, match="not valid Unicode"):
        as_config(facts("\udcff.pth"))


@pytest.fixture
def hostile_data(tmp_path) -> tuple[str, ...]:
    """Flags for two classes of hostile names, and a model that was trained on them."""
    random = np.random.default_rng(0)
    names = ("\x1b[31m$x^2$\udcff", "two\nlines 🍜")
    for split, label, number in ((a, b, c) for a in ("training", "validation") for b in names for c in range(3)):
        place = tmp_path / "food" / split / label
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(place / "a.png")
        shutil.move(place / "a.png", place / f"{number}\x1b]0;x\x07\udcfe.png")
    torch.manual_seed(0)
    model = Classifier(build("vgg16_bn-slim", 2), ("class 0", "class 1"), (32, 32))
    save(tmp_path / "\x1b[1m.safetensors", model, "vgg16_bn-slim", {}, [])
    return "--data", "food", "--model", "\x1b[1m.safetensors"


RUNS = {
    "saliency": ["--ids", "0"],
    "lime": ["--ids", "0", "--samples", "20", "--segments", "8"],
    "confusion": ["--duplicates"],
    "filters": ["--ids", "0", "--filters", "3", "--steps", "2"],
    "dream": ["--steps", "2", "--every", "1"],
    "inspect": ["--count", "11", "--few", "11", "--save", "own.toml"],
    "layers": [],
}


@pytest.mark.parametrize("command", RUNS)
def test_a_command_says_hostile_names_in_clean_lines(foodviz, hostile_data, command):
    result = foodviz(command, *hostile_data, *RUNS[command])
    assert result.exit_code == 0, result.stderr
    for line in (*result.stdout.split("\n"), *result.stderr.split("\n")):
        assert not ACTS.search(line)
        assert len(line) <= 4000
    if command == "inspect":
        assert tomllib.loads(Path("own.toml").read_text(encoding="utf-8"))["model"] == hostile_data[-1]


@each_name
@pytest.mark.parametrize(
    "flag", ["--ids", "--image", "--model", "--data", "--split", "--target", "--out", "--method", "--arch"]
)
def test_an_error_is_one_clean_line_of_bearable_length(foodviz, flag, name):
    out = [] if flag == "--out" else ["--out", "out"]
    if flag == "--out":
        Path("file").touch()
        name = f"file/{name}"
    result = foodviz("saliency", flag, name, *out)
    assert result.exit_code in (1, 2)
    errors = [line for line in result.stderr.split("\n") if line.startswith("error: ")]
    assert result.stderr.endswith(f"{errors[-1]}\n")
    assert len(errors) == 1
    assert len(errors[0]) <= 400
    assert not ACTS.search(errors[0])
    assert not Path("out").exists()
