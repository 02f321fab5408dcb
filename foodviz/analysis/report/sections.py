"""The sections of a report drawn, or taken from their folders where nothing that they depend on has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.cache import file_digest
from foodviz.errors import InputError
from foodviz.manifest import PACKAGES, array_digests
from foodviz.paths import path_of
from foodviz.results import write_bytes
from foodviz.version import __version__

if TYPE_CHECKING:
    from foodviz.analysis.report.plan import Section
    from foodviz.analysis.result import Result
    from foodviz.results import ResultFolder

SAMPLE_MODEL = Path(__file__).parents[2] / "models" / "sample.safetensors"  # found without importing torch
KEPT = "section.json"  # what the page shows of a section, in its folder, with the digest of what it depends on
TITLES = {"": "", "errors": "the most confident errors", "similar": "which filters answer alike"}
TITLES |= {"pair": "one kind of error", "duplicates": "copies between the splits", "steps": "the climb"}
TITLES |= {"examples": "the same pictures before and after", "masks": "where the food was taken to be"}

# Spells out what repeats an analysis: its name and settings -> one line.
Spell = Callable[[str, Mapping[str, Any]], str]


@dataclass(frozen=True)
class DrawnSection:
    """A section as it came out.

    Attributes:
        section: what it is.
        command_line: redraws it.
        manifest: what its analysis wrote of itself; empty where it failed.
        page: figures, sentences and views for the page, and digests of the arrays; empty where it failed.
        error: the one line that it failed with, else empty.
    """

    section: Section
    command_line: str
    manifest: Mapping[str, Any]
    page: Mapping[str, Any]
    error: str = ""


def draw(section: Section, folder: Path, *, dpi: int, spell: Spell, fresh: bool = False) -> DrawnSection:
    """Run a section into `folder`, or take it from there where nothing it depends on has changed.

    Args:
        dpi: resolution of its pictures.
        spell: gives the line that redraws it.
        fresh: run it, whatever the folder holds.
    """
    line = spell(section.command, {**section.settings, "dpi": dpi})
    digest = _digest(section, dpi)
    kept = None if fresh else _kept(folder, digest)
    if kept is not None:
        return DrawnSection(section, line, kept["manifest"], kept["page"])
    (folder / KEPT).unlink(missing_ok=True)
    try:
        result = section.run()
        written = result.save(folder, dpi=dpi, command_line=line)
        page = _page(result, written, dpi)
    except InputError as error:
        return DrawnSection(section, line, {}, {}, " ".join(str(error).split()))
    except Exception as error:  # one broken section must not cost the others
        return DrawnSection(section, line, {}, {}, f"{type(error).__name__}: {' '.join(str(error).split())}")
    manifest = json.loads(written.paths[-1].read_text(encoding="utf-8"))
    write_bytes(folder / KEPT, json.dumps({"digest": digest, "manifest": manifest, "page": page}).encode())
    return DrawnSection(section, line, manifest, page)


@contextmanager
def timed(say: Callable[[str], None], what: str) -> Iterator[None]:
    """Say what is being done, and then how long it took."""
    say(f"{what} …")
    begun = time.monotonic()
    yield
    say(f"{what}: {time.monotonic() - begun:.1f} s")


def _page(result: Result, written: ResultFolder, dpi: int) -> dict[str, Any]:
    """Plain JSON; also `files`, which must be there for the section to be taken from its folder again."""
    from foodviz.render.data_uri import figure_uri

    return {
        "figures": [
            {**figure_uri(path, dpi), "title": TITLES.get(name, name)}
            for name, path in sorted(written.figures.items(), key=lambda item: item[0])  # the own one, "", comes first
        ],
        "files": [path.relative_to(written.folder).as_posix() for path in written.paths],
        "reading": list(result.sentences),
        "findings": list(result.findings),
        "arrays": array_digests(result.arrays),
        **result.views(),
    }


def _kept(folder: Path, digest: str) -> dict[str, Any] | None:
    """What was kept under that digest; None where it is something else, damaged, or the pictures are gone."""
    try:
        content: dict[str, Any] = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        whole = content["digest"] == digest and all((folder / name).is_file() for name in content["page"]["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if whole else None


def _digest(section: Section, dpi: int) -> str:
    """SHA-256 of everything that a section's figures depend on, found without loading the model."""
    settings = section.settings
    files = [settings["model"], settings.get("guide"), *settings.get("image", ())]
    files.append(str(settings["arch"] or "").partition(":")[0])
    depends = {
        "command": section.command,
        "settings": {**settings, "dpi": dpi},
        "versions": [__version__, *(metadata.version(name) for name in PACKAGES)],
        "files": [_file_digest(str(name)) for name in files if name],
        # confusion and the checks of a model look at both, whatever the split
        "pictures": [_fingerprint(section, split) for split in (settings["split"], "training", "validation")],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _fingerprint(section: Section, split: str | None) -> str:
    from foodviz.analysis.reliance.pictures import masked

    try:
        listed = masked(section.subject.dataset.split(split), section.settings.get("masks", "auto"))
    except InputError as error:
        return str(error)
    return f"{listed.fingerprint} {listed.masks_digest}"


def _file_digest(name: str) -> str:
    with suppress(OSError):
        return file_digest(SAMPLE_MODEL if name == "sample" else path_of(name))
    return ""
