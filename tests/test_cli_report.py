"""The report and its repetition, from the command line."""

import json
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from conftest import CODE_AS_ARCHITECTURE, HOSTILE, command_line
from PIL import Image

from foodviz import cli as shell
from foodviz.analysis import open_subject
from foodviz.analysis.manifests import read_manifest
from foodviz.analysis.report.plan import SECTIONS, planned
from foodviz.analysis.report.sections import SAMPLE_MODEL
from foodviz.cli.config import read_config
from foodviz.cli.replay import flags_for
from foodviz.cli.report import tables
from foodviz.errors import InputError
from foodviz.homework import FILTERS
from foodviz.manifest import array_digests, differences, reasons
from foodviz.models.loading import SAMPLE

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


@pytest.fixture
def folder(report_folder, monkeypatch) -> Path:
    monkeypatch.chdir(report_folder)
    monkeypatch.setenv("FOODVIZ_CACHE", str(report_folder / "cache"))
    return report_folder


def root_with(config: str | None = None) -> click.Context:
    context = click.Context(shell.cli, info_name="foodviz")
    if config:
        context.default_map = read_config(CONFIGS / config, context)
    return context


def line_of(context: click.Context, name: str) -> list[str]:
    """The flags of a section, as `foodviz report` alone with this config would run it."""
    command = shell.cli.get_command(context, "report")
    with command.make_context("report", [], parent=context):
        section = planned(open_subject(), tables(), [name], (), None)[0]
    return flags_for(shell.cli.get_command(context, section.command), section.settings)


def test_every_section_is_there_and_says_its_command(folder):
    manifest = json.loads((folder / "results/report.json").read_text())
    assert [each["name"] for each in manifest["sections"]] == list(SECTIONS)
    assert not any(each["error"] for each in manifest["sections"])
    html = (folder / "results/report.html").read_text()
    assert html.count("<figure>") >= 9
    assert "<dt>seed</dt><dd>0</dd>" in html
    assert "foodviz dream --data food --ids 1 --model tiny.safetensors --dpi 50 --steps 20" in html


def test_hostile_names_stay_text(folder):
    html = (folder / "results/report.html").read_text()
    assert HOSTILE not in html
    assert "<b>" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "1&lt;b&gt;.jpg" in html


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "inspect"])
def test_figures_and_arrays_are_those_of_the_single_command(folder, tmp_path, section):
    command = "lime" if section == "class" else section
    manifest = folder / "results/report" / section / f"{command}.json"
    words = shlex.split(json.loads(manifest.read_text())["command_line"])
    assert words[:2] == ["foodviz", command]
    assert command_line(*words[1:], "--out", str(tmp_path), "--quiet").exit_code == 0
    for there in manifest.parent.glob("*.png"):
        with Image.open(there) as together, Image.open(tmp_path / there.name) as alone:
            assert np.array_equal(np.asarray(together), np.asarray(alone))
    arrays = manifest.with_suffix(".npz").name
    with np.load(manifest.parent / arrays) as together, np.load(tmp_path / arrays) as alone:
        assert array_digests(dict(together)) == array_digests(dict(alone))


def test_a_second_report_draws_only_what_has_changed(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/report/*/*.json")}
    done = command_line("--config", "tiny.toml", "report", "--ids", "0", "3", "--quiet", "--out", "results")
    assert done.exit_code == 0
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("results/report/*/*.json")}
    shutil.copytree(folder / "results", folder / "other")
    (folder / "changed.toml").write_text((folder / "tiny.toml").read_text() + "lr = 6.0\n")  # of the dream
    written = {path: path.stat().st_mtime_ns for path in folder.glob("other/report/*/section.json")}
    command_line("--config", "changed.toml", "report", "--ids", "0", "3", "--quiet", "--out", "other")
    fresh = [path.parent.name for path, when in written.items() if path.stat().st_mtime_ns != when]
    assert fresh == ["dream"]


def test_the_bundled_model_is_among_what_a_section_depends_on():
    assert SAMPLE_MODEL.samefile(SAMPLE)


def test_a_section_that_fails_is_shown_with_its_line_and_the_others_appear(folder):
    (folder / "broken.toml").write_text('data = "food"\nmodel = "tiny.safetensors"\n[saliency]\ntarget = "Pizza"\n')
    done = command_line("--config", "broken.toml", "report", "--sections", "saliency", "inspect", "--out", "broken")
    assert done.exit_code == 1
    assert "1 of 2 sections failed" in done.stderr
    assert "Pizza" in done.stderr
    html = (folder / "broken/report.html").read_text()
    assert "This section failed:" in html
    assert "Every usual reading of the pixels" in html


@pytest.mark.parametrize("flags", [("--model", "none.pt"), ("--data", "nowhere"), ("--ids", "99999")])
def test_what_every_section_would_say_is_said_once(folder, flags):  # noqa: ARG001
    done = command_line("report", *flags, "--out", "never")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert not Path("never").exists()


def test_the_config_of_the_report_says_what_the_command_alone_does():
    said, alone = root_with("report.toml"), root_with()
    pictures, defaults = {"--ids", "57", "3207", "4707", "3784", "5_9"}, {"--steps", "250", "--lr", "12.0", "--split"}
    defaults |= {"validation", "--filter", "--filters", "94", "--layer", "34"}
    for name in ("inspect", "saliency", "lime", "class", "confusion", "dream"):
        theirs = set(line_of(alone, name))
        assert theirs <= set(line_of(said, name)) <= theirs | pictures | defaults
    assert [*map(str, FILTERS)] == [word for word in line_of(alone, "filters") if word.isdecimal()]


def test_the_course_s_recipe_reaches_every_section():
    context = root_with("hw5-2020.toml")
    assert "--objective loss --reduce none" in " ".join(line_of(context, "saliency"))
    assert "--engine lime" in " ".join(line_of(context, "lime"))
    assert "--both-signs" in line_of(context, "lime")
    assert "--recipe pixel" in " ".join(line_of(context, "filters"))


def test_settings_and_flags_say_the_same():
    context = root_with()
    for name, words in {
        "lime": [
            "--ids",
            "57",
            "0_1",
            "--both-signs",
            "--target",
            "label",
            "Egg",
            "--hide",
            "#808080",
            "--sigma",
            "-1",
        ],
        "confusion": ["--pair", "Bread", "Egg", "--duplicates"],
        "dream": ["--filters", "3", "4", "--weights", "-1", "0.5", "--layer=-1"],
    }.items():
        command = shell.cli.get_command(context, name)
        params = command.make_context(name, list(words), parent=context).params
        again = command.make_context(name, flags_for(command, params), parent=context).params
        assert again == params


def test_a_rerun_of_the_page_is_identical(folder):  # noqa: ARG001
    done = command_line("rerun", "--check", "results/report.html", "--quiet")
    assert (done.exit_code, done.stdout) == (0, "")


def test_a_rerun_says_what_differs_and_why(folder):
    shutil.copytree(folder / "results/report/saliency", folder / "edited")
    with np.load("edited/saliency.npz") as content:
        arrays = dict(content)
    arrays["maps"] = arrays["maps"] + np.float32(0.5)
    np.savez("edited/saliency.npz", **arrays)
    manifest = json.loads(Path("edited/saliency.json").read_text())
    manifest["versions"]["torch"] = "1.0"
    Path("edited/saliency.json").write_text(json.dumps(manifest))
    done = command_line("rerun", "--check", "edited/saliency.json")
    assert done.exit_code == 1
    assert "saliency: maps: differs by up to 0.5" in done.stdout
    assert "torch was 1.0" in done.stdout


def test_a_rerun_writes_what_the_run_wrote(folder):  # noqa: ARG001
    done = command_line("rerun", "results/report/activations/activations.json", "--out", "again", "--quiet")
    assert done.exit_code == 0
    assert {"activations.png", "activations.npz", "activations.json"} <= {path.name for path in Path("again").iterdir()}


def test_a_foreign_manifest_does_not_choose_code(folder):  # noqa: ARG001
    manifest = json.loads(Path("results/report/saliency/saliency.json").read_text())
    for key, value in (("allow_code", True), *(("arch", name) for name in CODE_AS_ARCHITECTURE)):
        manifest["settings"] |= {"allow_code": False, "arch": None, key: value}
        Path("foreign.json").write_text(json.dumps(manifest))
        done = command_line("rerun", "foreign.json")
        assert done.exit_code == 1
        assert "runs code" in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"ids": ["--allow-code", "--arch", "evil.py:Net"]},
        {"ids": ["3", "--arch=evil.py:Net"]},
        {"image": ["--arch", "evil.py:Net"]},
        {"target": "--arch=evil.py:Net"},
        {"target": ["label", "--arch", "evil.py:Net"]},
        {"method": "--allow-code"},
        {"samples": "--arch=evil.py:Net"},
        {"shared_scale": "--arch"},
        {"layer": {"--arch": "evil.py:Net"}},
        {"unheard_of": "--arch=evil.py:Net"},
    ],
)
def test_a_manifest_s_values_never_become_flags(folder, values):
    (folder / "evil.py").write_text("import pathlib\npathlib.Path('pwned').touch()\n")
    manifest = json.loads(Path("results/report/saliency/saliency.json").read_text())
    manifest["settings"] |= values
    Path("foreign.json").write_text(json.dumps(manifest))
    done = command_line("rerun", "foreign.json", "--out", "foreign", "--quiet")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not (folder / "pwned").exists()


FORGED = '<script type="application/json" id="manifest">{"command": "saliency", "settings": {}}</script>'


def test_a_forged_manifest_in_a_comment_is_passed_over(folder):
    page = (folder / "results/report.html").read_text()
    (folder / "forged.html").write_text(page.replace("<html", f"<!-- {FORGED} --><html", 1))
    assert read_manifest(folder / "forged.html")["command"] == "report"


def test_a_page_with_two_manifests_is_refused(folder):
    (folder / "forged.html").write_text(FORGED + (folder / "results/report.html").read_text())
    with pytest.raises(InputError, match="2 manifests"):
        read_manifest(folder / "forged.html")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"command": "train", "settings": {}}',
        "<html></html>",
        '{"command": "report", "sections": [{"name": "../x", "manifest": {"command": "lime", "settings": {}}}]}',
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content):
    path = tmp_path / "some.json"
    path.write_text(content)
    done = command_line("rerun", str(path))
    assert done.exit_code == 1
    assert "no manifest" in done.stderr


def test_the_page_holds_its_manifest(folder):
    assert read_manifest(folder / "results/report.html") == json.loads(Path("results/report.json").read_text())


def test_differences_and_reasons():
    old, new = {"a": np.zeros(3), "b": np.ones(2)}, {"a": np.array([0, 0, 2.0]), "c": np.ones(1)}
    lines = differences(array_digests(old), array_digests(new), old, new)
    assert lines == [
        "c: was not there before",
        "a: differs by up to 2 in values of up to 0",
        "b: is no longer there",
    ]
    assert reasons({"device": "cpu", "model": {"sha256": "1"}}, {"device": "cuda", "model": {"sha256": "2"}}) == [
        "the checkpoint is another (SHA-256)",
        "device: was cpu, is cuda",
    ]
