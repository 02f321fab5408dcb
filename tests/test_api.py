"""What a notebook uses."""

import logging
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import foodviz
from foodviz import render


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.ERROR, "foodviz")
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"^ {4}import foodviz\n(?:\n| {4}.*\n)+", readme, re.MULTILINE)
    scope: dict[str, Any] = {}
    exec(textwrap.dedent(example[0]), scope)
    result = scope["result"]
    assert result.arrays["maps"].shape == (2, 128, 128)
    assert len(result.sentences) == 3  # the trust in each map, and what the figures are
    result.save("results")
    assert (tmp_path / "results" / "saliency.png").stat().st_size > 10_000


def test_every_public_name_is_there():
    for module in (foodviz, render):
        for name in module.__all__:
            assert getattr(module, name) is not None
        assert set(dir(module)) >= set(module.__all__)
    assert not hasattr(foodviz, "nonsense")
    assert not hasattr(render, "nonsense")


def test_importing_foodviz_imports_nothing_heavy():
    code = "import foodviz, sys; print(*(name for name in ('torch', 'numpy', 'matplotlib') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
