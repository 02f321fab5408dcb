"""What a notebook uses."""

import subprocess
import sys

import foodviz
from foodviz import render


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = foodviz.load_model()
    photographs = foodviz.open_dataset("sample").split("training")
    batch = foodviz.read(photographs, [57, 3207], model.input_size)
    gradient = foodviz.gradient(model, batch.images, batch.labels).reduced("max")
    figure = foodviz.render.saliency_figure(
        batch.images.numpy(),
        gradient,
        captions=batch.names,
        map_captions=[f"largest {peak:.2g}" for peak in gradient.peaks],
        title="gradient of the true class's logit",
        notes=[f"Maps in {gradient.unit}."],
    )
    figure.savefig("saliency.png")
    assert gradient.maps.shape == (2, *model.input_size)
    assert (tmp_path / "saliency.png").stat().st_size > 10_000


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
