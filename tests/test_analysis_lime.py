"""LIME called from a notebook: no command line, one result, and what it refuses before anything slow is loaded."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foodviz import devices
from foodviz.analysis import Subject, lime, open_subject
from foodviz.analysis.photographs import Photographs
from foodviz.data import FOOD11
from foodviz.errors import InputError, UsageError
from foodviz.methods.lime.lime import attribution, explain
from foodviz.models import architectures
from foodviz.models.classifier import Classifier
from foodviz.models.files.own_format import save


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small net for 32x32 pictures, untrained."""
    folder = tmp_path_factory.mktemp("lime")
    torch.manual_seed(0)
    network = architectures.build("vgg16_bn-slim", len(FOOD11))
    save(folder / "tiny.safetensors", Classifier(network, FOOD11, (32, 32)), "vgg16_bn-slim", {}, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOODVIZ_CACHE", str(folder / "cache"))
        yield str(folder / "tiny.safetensors")


def subject_of(model: str, lines: list[str] | None = None, seed: int = 0) -> Subject:
    return open_subject(model=model, seed=seed, say=(lines if lines is not None else []).append, device="cpu")


FEW: dict[str, Any] = {"samples": 30, "segments": 9}


def test_a_notebook_gets_values_facts_sentences_and_a_figure(model: str) -> None:
    result = lime(subject_of(model), ids=[57, 3207], target=["label", "Egg"], **FEW)
    assert result.settings["target"] == ["label", "Egg"]
    assert [each["picture"] for each in result.facts["explained"]] == ["57", "3207"]
    assert result.facts["unit"] == "logits"
    assert result.sentences[0].startswith("57 0_15.jpg: ")
    assert "what speaks for Bread lies on the food" in result.sentences[0]
    assert "signs are stable." in result.sentences[0]
    assert [line.split()[0] for line in result.lines[:2]] == ["57", "3207"]
    titles = [axes.get_title() for axes in result.figures()[""].axes]
    assert any(title.startswith("Egg ") for title in titles)
    viewer = result.views()["viewer"]
    assert viewer["choices"] == ["LIME for label", "LIME for Egg"]
    assert viewer["unit"] == "logits per superpixel"


def test_one_target_may_be_given_as_a_word_and_samples_as_text(model: str) -> None:
    word = lime(subject_of(model), ids=[57], target="Egg", segments=9, samples="30")
    listed = lime(subject_of(model), ids=[57], target=["Egg"], **FEW)
    assert word.arrays["weights_57"].tobytes() == listed.arrays["weights_57"].tobytes()
    assert word.views()["viewer"]["choices"] == ["LIME"]


def test_a_targets_probability_in_the_figure_is_the_untouched_models(model: str) -> None:
    subject = subject_of(model)
    figure = lime(subject, ids=[57], target="Egg", **FEW).figures()[""]
    photographs = Photographs.of(subject, *subject.choose([57]))
    probability = float(photographs.logits[0].softmax(0)[FOOD11.index("Egg")])
    assert any(axes.get_title().startswith(f"Egg {probability:.0%}, R²") for axes in figure.axes)


def test_the_seed_is_the_subjects_and_the_pictures(model: str) -> None:
    first, again, other = (lime(subject_of(model, seed=seed), ids=[57], **FEW) for seed in (0, 0, 1))
    assert first.arrays["shown_57"].tobytes() == again.arrays["shown_57"].tobytes()
    assert first.arrays["shown_57"].tobytes() != other.arrays["shown_57"].tobytes()
    subject = subject_of(model)
    digest = Photographs.of(subject, *subject.choose([57])).batch.digests[0]
    assert first.facts["explained"][0]["seed"] == subject.image_seed(digest) % 2**32


def test_a_class_is_the_same_call(model: str) -> None:
    lines: list[str] = []
    result = lime(subject_of(model, lines), class_name="Rice", limit=3, **FEW)
    assert result.facts["class"] == "Rice"
    assert all(picture["label"] == "Rice" for picture in result.facts["pictures"])
    assert result.sentences == result.facts["sentences"]
    assert set(result.sentences) <= set(lines)
    assert result.arrays["colours"].shape[1:] == (2, 3)
    assert "mean colour" in [axes.get_title() for axes in result.figures()[""].axes]


def test_a_class_chooses_its_pictures_itself(model: str) -> None:
    for pictures in ({"ids": [57]}, {"image": ["a.jpg"]}):
        with pytest.raises(UsageError, match="`class_name` chooses pictures itself: give no `ids` and no `image`"):
            lime(subject_of(model), class_name="Rice", **pictures)


def test_an_attribution_is_the_weights_painted_on_their_superpixels() -> None:
    segments = torch.arange(4).view(2, 2).repeat_interleave(4, 0).repeat_interleave(4, 1)
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3, dtype=torch.float64))
    explanation = explain(model, image, segments, [2, 0], samples=61)
    painted = attribution([(explanation, 1), (explanation, 0)], "logits")
    assert painted.values.shape == (2, 8, 8)
    assert painted.unit == "logits per superpixel"
    assert painted.stable is not None
    assert painted.spread is not None
    for number, row in enumerate((1, 0)):
        for superpixel in range(4):
            inside = segments == superpixel
            assert (painted.values[number][inside] == explanation.weights[row, superpixel]).all()
            assert (painted.stable[number][inside] == (explanation.stability[row, superpixel] >= 0.95)).all()
            assert (painted.spread[number][inside] == explanation.spread[row, superpixel]).all()
    assert painted.checks["r2"].tolist() == explanation.fits[[1, 0]].tolist()
    assert painted.checks["superpixels"].tolist() == [4, 4]
    assert painted.checks["samples"].tolist() == [61, 61]


def test_without_units_for_bfloat16_samples_are_taken_in_float32(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = lime(subject_of(model), ids=[57], **FEW).arrays["weights_57"]
    monkeypatch.setattr(devices, "computes_bfloat16", lambda _: False)
    lines: list[str] = []
    result = lime(subject_of(model, lines), ids=[57], precision="bf16", **FEW)
    assert [line for line in lines if "precision" in line] == [
        "`precision` bf16: this processor has no units for it, it would take ten times as long; in float32"
    ]
    assert result.arrays["weights_57"].tobytes() == plain.tobytes()
    monkeypatch.setattr(devices, "computes_bfloat16", lambda _: True)
    lines.clear()
    rough = lime(subject_of(model, lines), ids=[57], precision="bfloat16", **FEW)
    assert not any("precision" in line for line in lines)
    assert not np.array_equal(rough.arrays["weights_57"], plain)


@pytest.mark.parametrize(("avx512", "amx"), [(True, False), (False, True), (False, False)])
def test_either_kind_of_unit_counts(monkeypatch: pytest.MonkeyPatch, avx512: bool, amx: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    cpu = torch.device("cpu")
    assert devices.computes_bfloat16(cpu) is (avx512 or amx)
    assert devices.choose_precision("auto", cpu, print) == ("bfloat16" if avx512 or amx else "float32")
    assert devices.choose_precision("float32", cpu, print) == "float32"
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert not devices.computes_bfloat16(cpu)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "avx512_core_bf16")
    assert devices.computes_bfloat16(cpu) is (avx512 or amx)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"kernel_width": float("nan")}, "`kernel_width` nan: must be from 0.05 to 1000"),
        ({"kernel_width": 1e38}, "`kernel_width` 1e+38: must be from 0.05 to 1000"),
        ({"kernel_width": 0}, "`kernel_width` 0: must be from 0.05 to 1000"),
        ({"kernel_width": -1}, "`kernel_width` -1: must be from 0.05 to 1000"),
        ({"samples": 10**20}, f"`samples` {10**20}: must be auto or a number of at least 10, at most 20,000"),
        ({"samples": "1" * 9000}, f"`samples` {'1' * 40}: must be auto or a number of at least 10"),
        ({"samples": 9}, "`samples` 9: must be auto or a number"),
        ({"samples": "nan"}, "`samples` nan: must be auto or a number"),
        ({"segments": 10**9}, "`segments` 1000000000: must be from 1 to 2000"),
        ({"segments": 0}, "`segments` 0: must be from 1 to 2000"),
        ({"sigma": float("nan")}, "`sigma` nan: must be from 0 to 100"),
        ({"sigma": -1.0}, "`sigma` -1.0: must be from 0 to 100"),
        ({"sigma": 1e9}, "`sigma` 1000000000.0: must be from 0 to 100"),
        ({"compactness": float("inf")}, "`compactness` inf: must be from 0 to 1e+06"),
        ({"ratio": 0.5}, "`ratio`: slic does not have it"),
        ({"segmenter": "quickshift", "kernel_size": 0.0}, "`kernel_size` 0.0: must be from 1 to 100"),
        ({"segmenter": "quickshift", "kernel_size": 1e6}, "`kernel_size` 1000000.0: must be from 1 to 100"),
        ({"segmenter": "felzenszwalb", "scale": float("nan")}, "`scale` nan: must be from 0 to 1e+06"),
        ({"segmenter": "felzenszwalb", "min_size": -1}, "`min_size` -1: must be from 0 to 1e+06"),
        ({"segmenter": "watershed"}, "`segmenter` watershed: there are: slic, quickshift, felzenszwalb"),
        ({"engine": "shap"}, "`engine` shap: "),
        ({"design": "balance"}, "`design` balance: did you mean 'balanced'?"),
        ({"engine": "lime", "design": "balanced"}, "`design` balanced: the lime package draws random samples"),
        ({"hide": "rgb(900,0,0)"}, "`hide` rgb(900,0,0): must be auto, mean, blur, grey, picture, noise, or a colour"),
        ({"trust": "much"}, "`trust` much: there are none, quick, full"),
        ({"features": 0}, "`features` 0: must be at least 1"),
        ({"class_name": "Rice", "limit": 0}, "`limit` 0: must be at least 1"),
        ({"target": []}, "`target` (): must name at least one class"),
        ({"class_name": "Pizza"}, "`class_name` Pizza: no such class"),
    ],
)
def test_what_cannot_be_is_one_line_and_the_model_is_never_loaded(arguments: dict[str, Any], line: str) -> None:
    def load(_: Subject) -> Classifier:
        raise AssertionError("loaded")

    opened = open_subject()
    subject = Subject(opened.dataset, load, opened.settings)
    with pytest.raises(InputError) as raised:
        lime(subject, **arguments)
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)


def test_as_many_superpixels_in_the_cut_out_as_anyone_asks_for(model: str) -> None:
    lime(subject_of(model), ids=[57], features=10**30, **FEW).figures()


@pytest.mark.parametrize(
    "flags", [["--kernel-width", "nan"], ["--samples", "100000000000000000000"], ["--ids", "99999"], ["--sigma", "nan"]]
)
def test_a_wrong_flag_is_said_before_torch_is_imported(tmp_path: Path, flags: list[str]) -> None:
    code = f"import sys; sys.argv = ['foodviz', 'lime', *{flags!r}, '--out', {str(tmp_path)!r}]\n"
    code += (
        "from foodviz.cli import main\ntry: main()\nexcept SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {flags[0]} ")
