"""Which room may import which, read from the code; what DESIGN calls the house."""

import ast
import importlib
import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

from foodviz import analysis
from foodviz.cli import COMMANDS, cli

PACKAGE = Path(__file__).resolve().parents[1] / "foodviz"
ROOMS = {"analysis", "cli", "data", "methods", "metrics", "models", "render", "training"}
# The ground: modules of the package's own folder, which import no room.
GROUND = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
# Which rooms each may import besides itself; the ground is open to all.
ALLOWED = {
    "analysis": ROOMS - {"cli"},
    "cli": {"analysis"},
    "data": set(),
    "methods": set(),
    "metrics": {"methods"},
    "models": set(),
    "render": set(),
    "training": set(),
}
# Packages that belong to some rooms: pictures on screen, the terminal, files of pictures, torchvision's models.
OWNERS = {
    "matplotlib": {"render", "results", "analysis"},  # the last two name its Figure only
    "click": {"cli"},
    "PIL": {"analysis", "data", "render", "results"},
    "torchvision": {"models"},
    "timm": {"models"},
    "lime": {"methods"},
    "captum": {"methods"},
    "tqdm": {"progress"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
COMMAND_FLAGS = {"out", "dpi", "format", "quiet", "json_", "save", "help"}  # how and where a result appears


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imported(path: Path) -> set[str]:
    """Dotted names of every import in a file, those inside functions and those for type checkers, too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in inner}
    return names


def room_of(name: str) -> str:
    """The room of a module of the package, or its own name on the ground."""
    return name.split(".")[1] if name.count(".") else ""


def each_file(test):
    return pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))(test)


@each_file
def test_rooms_import_only_what_they_may(path):
    room = room_of(module_of(path))
    if not room or path.name == "__main__.py":
        return
    others = {room_of(name) for name in imported(path) if name in MODULES} & ROOMS - {room}
    assert others <= (ALLOWED[room] if room in ROOMS else set())


@each_file
def test_packages_stay_in_their_rooms(path):
    packages = {name.split(".")[0] for name in imported(path)}
    for package, rooms in OWNERS.items():
        assert package not in packages or room_of(module_of(path)) in rooms
    assert "matplotlib.pyplot" not in imported(path)


def test_no_file_imports_itself_through_others():
    graph = {
        name: {each for each in imported(path) if each in MODULES and each != name} for name, path in MODULES.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@each_file
def test_files_stay_small(path):
    most = 130 if room_of(module_of(path)) == "cli" else 250
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most


def test_the_shell_is_thin():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    shell = sum(count for path, count in lines.items() if room_of(module_of(path)) == "cli")
    assert shell <= 0.12 * sum(lines.values())


def docstrings(tree: ast.AST) -> set[ast.AST]:
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


@each_file
def test_only_the_shell_prints_and_speaks_of_flags(path):
    if room_of(module_of(path)) == "cli":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_over = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed_over:
            assert not node.value.startswith("--"), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", node.lineno


def test_a_class_name_is_defined_once():
    names = Counter(
        node.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_a_function_of_the_same_name_and_arguments(command):
    function = getattr(analysis, command)
    assert callable(function)
    signature = inspect.signature(function).parameters.values()
    opening = inspect.signature(analysis.open_subject).parameters
    arguments = {each.name: each.default for each in signature if each.kind is each.KEYWORD_ONLY}
    shell = cli.get_command(click.Context(cli), command)
    context = click.Context(shell)
    subject = set(opening) if any(each.name == "subject" for each in signature) else set()
    options = [param for param in shell.params if isinstance(param, click.Option)]
    flags = {param.name: param for param in options if param.name not in COMMAND_FLAGS - set(arguments)}
    assert flags.keys() - subject == arguments.keys()
    for name, default in arguments.items():
        theirs = flags[name].get_default(context) if name in flags else default
        theirs = theirs if isinstance(theirs, (str, int, float, bool, tuple)) else None
        required = default is inspect.Parameter.empty
        assert required == bool(flags[name].required)
        if not required:
            assert (tuple(default) if isinstance(default, (list, tuple)) else default) in (
                theirs,
                () if theirs is None else theirs,
            )
    for name in subject & flags.keys():
        theirs = flags[name].get_default(context)
        assert opening[name].default == (theirs if isinstance(theirs, (str, int, float, bool)) else None)


def modules_after(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in run.stdout.splitlines()[-1].split()}


def test_help_imports_nothing_heavy():
    code = "import sys; sys.argv = ['foodviz', '--help']\nfrom foodviz.cli import main\n"
    loaded = modules_after(code + "try: main()\nexcept SystemExit: pass")
    assert not loaded & {"torch", "numpy", "matplotlib", "PIL", "torchvision", "lime", "skimage", "sklearn"}


def test_the_analyses_import_nothing_heavy():
    assert not modules_after("import foodviz.analysis") & {"torch", "numpy", "matplotlib", "PIL", "click", "skimage"}


def test_a_wrong_id_is_said_before_torch_is_imported(tmp_path):
    code = f"import sys; sys.argv = ['foodviz', 'saliency', '--ids', '99999', '--out', {str(tmp_path)!r}]\n"
    loaded = modules_after(code + "from foodviz.cli import main\ntry: main()\nexcept SystemExit: pass")
    assert "torch" not in loaded


def test_saliency_imports_neither_torchvision_nor_what_other_methods_need(tmp_path):
    code = f"import sys; sys.argv = ['foodviz', 'saliency', '--ids', '57', '--out', {str(tmp_path)!r}]\n"
    loaded = modules_after(code + "from foodviz.cli import main\nmain()")
    assert "torch" in loaded
    assert not loaded & {"torchvision", "lime", "skimage", "sklearn", "scipy", "pyplot"}


def test_every_module_can_be_imported_alone():
    for name in MODULES:
        if not name.endswith("__main__"):
            assert importlib.import_module(name) is not None
