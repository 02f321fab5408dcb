"""The maps of a whole split in one folder: .npz parts with an index, written while they are computed.

Each part is a plain .npz of `ids` (n,), `targets` (n,), `maps` (n, H, W), and `peaks` (n,), the largest magnitude of
each; it is whole or not there. `index.json` says which there are, of what run, and each one's SHA-256. Memory holds one
part at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foodviz.analysis import hiding
from foodviz.analysis import trust as trusting
from foodviz.analysis.attributing import Attributing
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.sweep import Arrays, gather
from foodviz.distributed import leads
from foodviz.errors import InputError
from foodviz.methods.attribution import catalogue
from foodviz.paths import is_file
from foodviz.printable import printable
from foodviz.results import npz_bytes, write_bytes

if TYPE_CHECKING:
    from foodviz.analysis.hiding import Hide
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.data.batch import Batch
    from foodviz.methods.attribution.score import Score
    from foodviz.models import Classifier

BATCH, BATCHES = 16, 8  # pictures at once, and batches in a part
INDEX = "index.json"
_LARGEST_INDEX = 64 << 20  # bytes


@dataclass(frozen=True, eq=False)
class MapStore:
    """What maps are computed of every picture, and the folder that they go to.

    Attributes:
        folder: made where it is missing.
        method: with its options. target, objective, hide, reduce, trust: as in `saliency`.
        half: keep them as float16, each relative to its own peak, so that none is too large or too small for that.
    """

    subject: Subject
    split: Split
    folder: Path
    method: str
    options: Mapping[str, Any]
    target: str
    objective: str
    hide: Hide
    reduce: str | None
    trust: trusting.Level
    half: bool

    @cached_property
    def model(self) -> Classifier:
        """A fast one, made when it is first needed."""
        from foodviz import models

        return models.fast(self.subject.classifier)

    @cached_property
    def key(self) -> list[str]:
        """All that the maps of a picture depend on besides the picture."""
        classifier, device = self.subject.classifier, self.subject.device.type
        of_method = (self.method, repr(sorted(self.options.items())), self.target, self.objective, str(self.hide))
        how = (str(self.reduce), self.trust, str(self.half), str(self.subject.seed))
        return [classifier.identity, device, *of_method, *how]

    def fill(self, ids: Sequence[int]) -> Mapping[str, np.ndarray]:
        """Write the maps of these pictures; what is there already is not computed again.

        Returns:
            By name (N, …) of the pictures that can be read: `ids`, `labels`, `predicted`, `confidences`, `targets`,
            `peaks`, `leads` (NaN where not measured), `verdicts` (empty where not asked for) and `digests`.

        Raises:
            InputError: the folder holds the maps of another run, or cannot be written to.
        """
        listing = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()
        run = hashlib.sha256("\0".join([*self.key, self.split.fingerprint, listing]).encode()).hexdigest()
        self._claim(run)
        parts, _ = gather(
            self.subject,
            self.split,
            ids,
            self.subject.classifier.input_size,
            lambda: _Maps(self),
            kind="maps",
            key=self.key,
            batch=BATCH,
            batches=BATCHES,
            sound=self._is_there,
        )
        entries = [
            {"file": str(part["file"]), "sha256": str(part["sha256"]), "pictures": len(part["ids"])} for part in parts
        ]
        if leads():
            self._write_index({**self._about(run), "unit": str(parts[0]["unit"]), "parts": entries})
        names = [name for name in parts[0] if name not in ("file", "sha256", "unit")]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def maps(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Ids (n,) and maps (n, H, W) of each part, one after the other."""
        for part in json.loads((self.folder / INDEX).read_text(encoding="utf-8"))["parts"]:
            with np.load(self.folder / part["file"]) as arrays:
                yield arrays["ids"], arrays["maps"]

    def _claim(self, run: str) -> None:
        """Take the folder for this run."""
        index = self.folder / INDEX
        if not is_file(index):
            if any(self.folder.glob("*.npz")):
                raise InputError(f"`out` {printable(self.folder)}: holds .npz files of something else; give another")
            if leads():
                self._write_index({**self._about(run), "parts": []})
            return
        try:
            text = index.read_text(encoding="utf-8") if index.stat().st_size <= _LARGEST_INDEX else ""
            theirs = json.loads(text)["run"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            theirs = ""
        if theirs != run:
            raise InputError(
                f"`out` {printable(self.folder)}: holds the maps of another run (of other pictures, model or "
                "settings); give another folder, or remove it"
            )

    def _about(self, run: str) -> dict[str, Any]:
        facts = self.subject.facts(self.split)
        return {
            "run": run,
            "method": self.method,
            "options": dict(self.options),
            "classes": list(self.subject.classifier.class_names),
            **{name: facts[name] for name in ("model", "data", "versions") if name in facts},
        }

    def _write_index(self, content: Mapping[str, Any]) -> None:
        write_bytes(self.folder / INDEX, (json.dumps(content, indent=1) + "\n").encode())

    def _is_there(self, part: Arrays) -> bool:
        """Whether the part's file is what was written."""
        try:
            with (self.folder / str(part["file"])).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == str(part["sha256"])
        except OSError:
            return False

    @property
    def score(self) -> Score:
        """What is attributed."""
        from foodviz.methods.attribution.score import score_of

        return score_of(self.objective, independent=self.subject.classifier.independent)


class _Maps:
    """The maps of one part, and what is known of each."""

    def __init__(self, store: MapStore) -> None:
        self.store = store
        self.maps: list[np.ndarray] = []
        self.rows: list[dict[str, np.ndarray]] = []
        self.unit = ""

    def add(self, batch: Batch) -> None:
        store = self.store
        photographs = Photographs(store.subject, store.split, store.subject.numbered(store.split, batch))
        targets = photographs.targets(store.target, quiet=True)
        hides = store.trust != "none" or "hidden" in catalogue.method_of(store.method).needs
        covers = hiding.covers(photographs, store.model, targets, store.hide) if hides else []
        method = Attributing.of(
            photographs,
            targets,
            store.method,
            store.options,
            store.model,
            score=store.score,
            covers=covers,
            hide=store.hide,
            reduce=store.reduce,
        )
        found = method(photographs.images)
        trusts = trusting.of_maps(photographs, [found], covers, targets, store.trust, store.model, [method])
        self.unit = found.unit
        peaks = np.abs(found.maps).reshape(len(batch), -1).max(1)
        scale = np.where(peaks > 0, peaks, 1).reshape(-1, *[1] * (found.maps.ndim - 1))
        self.maps.append((found.maps / scale).astype(np.float16) if store.half else found.maps.astype(np.float32))
        lead = [trust.figures.lead for trust in trusts[0]] if trusts else [None] * len(batch)
        self.rows.append(
            {
                **photographs.rows(targets),
                "peaks": peaks.astype(np.float32),
                "leads": np.array(lead, np.float64),
                "verdicts": np.array([trust.verdict for trust in trusts[0]] if trusts else [""] * len(batch), "U16"),
            }
        )

    def arrays(self) -> Arrays:
        rows = {name: np.concatenate([each[name] for each in self.rows]) for name in self.rows[0]}
        own = {name: rows[name] for name in ("ids", "targets", "peaks")}
        content = npz_bytes({**own, "maps": np.concatenate(self.maps)})
        name = f"maps-{int(rows['ids'][0]):08d}.npz"
        write_bytes(self.store.folder / name, content)
        digest = hashlib.sha256(content).hexdigest()
        return {**rows, "file": np.array(name), "sha256": np.array(digest), "unit": np.array(self.unit)}
