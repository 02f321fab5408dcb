"""Which room may import which, read from the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "foodviz"
ROOMS = {"cli", "data", "models", "methods", "metrics", "render", "training"}
# What each room may import of foodviz besides itself and errors; cli may import everything.
ALLOWED = {
    "data": set(),
    "models": set(),
    "methods": set(),
    "metrics": {"methods"},
    "render": set(),
    "training": set(),
}
# Packages that belong to one room: pictures on screen, files of pictures, torchvision's models.
OWNERS = {
    "matplotlib": {"render"},
    "click": {"cli"},
    "PIL": {"data", "render", "cli"},
    "torchvision": {"models"},
    "lime": {"methods"},
    "tqdm": {"cli"},
}
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names of every import in a file, those inside functions too, those for type checkers not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_what_they_may(path):
    room = room_of(path)
    if room in ("", "cli"):
        return
    others = {name.split(".")[1] for name in imported(path) if name.startswith("foodviz.") and name.count(".")}
    assert others & ROOMS - {room} <= ALLOWED[room]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_packages_stay_in_their_rooms(path):
    packages = {name.split(".")[0] for name in imported(path)}
    for package, rooms in OWNERS.items():
        assert package not in packages or room_of(path) in rooms | {""}
    assert "matplotlib.pyplot" not in imported(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 270


def modules_after(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in run.stdout.splitlines()[-1].split()}


def test_help_imports_nothing_heavy():
    code = "import sys; sys.argv = ['foodviz', '--help']\nfrom foodviz.cli import main\n"
    loaded = modules_after(code + "try: main()\nexcept SystemExit: pass")
    assert not loaded & {"torch", "numpy", "matplotlib", "PIL", "torchvision", "lime", "skimage", "sklearn"}


def test_a_wrong_id_is_said_before_torch_is_imported(tmp_path):
    code = f"import sys; sys.argv = ['foodviz', 'saliency', '--ids', '99999', '--out', {str(tmp_path)!r}]\n"
    loaded = modules_after(code + "from foodviz.cli import main\ntry: main()\nexcept SystemExit: pass")
    assert "torch" not in loaded


def test_saliency_imports_neither_torchvision_nor_what_other_methods_need(tmp_path):
    code = f"import sys; sys.argv = ['foodviz', 'saliency', '--ids', '57', '--out', {str(tmp_path)!r}]\n"
    loaded = modules_after(code + "from foodviz.cli import main\nmain()")
    assert "torch" in loaded
    assert not loaded & {"torchvision", "lime", "skimage", "sklearn", "scipy", "pyplot"}
