"""The examples of docs/api.md run as they stand there, a user's own script too, and its types are known."""

import inspect
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import foodviz

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_api_run_in_order(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.ERROR, "foodviz")
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    scope: dict[str, object] = {}
    for block in BLOCK.finditer(page):
        line = page.count("\n", 0, block.start(1))
        # Empty lines before it: a traceback says the line of the page.
        exec(compile("\n" * line + block[1], "docs/api.md", "exec"), scope)
    assert (tmp_path / "page" / "report.html").is_file()
    assert scope["page"].failures == {}
    assert scope["again"].identical == 6
    assert list(scope["again"].differences) == []


PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{name}.md" for name in ("api", "methods", "reliance", "scale", "speed")),
)


@pytest.mark.parametrize("page", PAGES)
def test_links_and_files_named_are_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [(ROOT / page).parent / link for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    named = re.findall(r"`((?:foodviz|scripts|tests|configs)/[\w/]+\.(?:py|toml))`", text)
    files = [*links, *(ROOT / name for name in named if "some_name" not in name)]
    assert [str(file) for file in files if not file.is_file()] == []


@pytest.mark.usefixtures("sample_folder")
def test_a_users_script_runs_without_the_command_line(tmp_path, monkeypatch, pytestconfig):
    monkeypatch.chdir(tmp_path)
    foodviz.train(data="food", out="mine.safetensors", size=32, epochs=1)
    script = ROOT / "tests" / "user_script.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 30
    code = f"import runpy, sys; runpy.run_path({str(script)!r}); assert 'click' not in sys.modules"
    allowed = [f"-W{each}" for each in pytestconfig.getoption("pythonwarnings") or ()]
    command = [sys.executable, "-Werror", *allowed, "-c", code, "food", "mine.safetensors"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "page/report.html page/report.json {}"
    for name in ("saliency.png", "results/lime.npz", "page/report.html"):
        assert (tmp_path / name).stat().st_size > 1000


# Of each line: what mypy --strict has to say of it, its types without the modules `builtins` and `typing`.
USER = """
# mypy: disallow-any-expr, disallow-any-decorated, disallow-any-unimported
from pathlib import Path

import foodviz

subject = foodviz.open_subject()
result = foodviz.saliency(subject, ids=[57])
answers = foodviz.predict(subject, subject.dataset.split("validation"))
reveal_type(result)  # foodviz.analysis.result.Result
reveal_type(result.sentences)  # Sequence[str]
reveal_type(answers.skipped)  # tuple[str, ...]
reveal_type(foodviz.seen_in_training(subject.classifier, answers.digests).total)  # int
reveal_type(foodviz.report(subject, foodviz.Writing(Path("page"))).failures)  # Mapping[str, str]
foodviz.open_subject("food-11")  # error
foodviz.saliency(subject, objective="los")  # error
foodviz.lime(subject, sample=3)  # error
foodviz.salency(subject)  # error
"""


def test_a_user_gets_types_and_no_any(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(tmp_path / "user.py")]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert not done.stderr
    said: dict[int, str] = {}
    for line in done.stdout.splitlines():
        if "user.py:" not in line:  # of the package itself, which its own configuration judges
            continue
        _, number, kind, text = line.split(":", 3)
        revealed = re.search(r'Revealed type is "(.*)"', text)
        answer = re.sub(r"\b(builtins|typing)\.", "", revealed[1]) if revealed else kind.strip()
        said.setdefault(int(number), answer)  # notes may follow an error
    wanted = {number: line.split("  # ")[1] for number, line in enumerate(USER.splitlines(), 1) if "  # " in line}
    assert said == wanted


def test_no_public_signature_says_any():
    for name in foodviz.__all__:
        function = getattr(foodviz, name)
        if inspect.isfunction(function):
            hints = function.__annotations__.items()
            assert not [argument for argument, hint in hints if re.search(r"\bAny\b", str(hint))], name
