"""The facts of a run that are not its result: versions, and what differs between two runs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Facts = Mapping[str, Any]
PACKAGES = ("torch", "numpy", "pillow", "matplotlib")


def versions() -> dict[str, str]:
    """Of foodviz, Python and the packages that decide about results."""
    from foodviz.version import __version__

    return {
        "foodviz": __version__,
        "python": sys.version.split()[0],
        **{name: metadata.version(name) for name in PACKAGES},
    }


def array_digests(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """SHA-256 of each array's type, shape and values."""
    return {
        name: hashlib.sha256(f"{values.dtype} {values.shape}".encode() + values.tobytes()).hexdigest()
        for name, values in arrays.items()
    }


def differences(
    old: Mapping[str, str],
    new: Mapping[str, str],
    old_values: Mapping[str, np.ndarray],
    new_values: Mapping[str, np.ndarray],
) -> list[str]:
    """A line for each array that is not the same, with how far off it is where the old values are there.

    Args:
        old, new: digests by name.
        old_values, new_values: the arrays as far as they are at hand.
    """
    lines = [f"{name}: was not there before" for name in new if name not in old]
    for name, digest in old.items():
        if name not in new:
            lines.append(f"{name}: is no longer there")
        elif new[name] != digest:
            lines.append(f"{name}: {_off(old_values.get(name), new_values.get(name))}")
    return lines


def _off(old: np.ndarray | None, new: np.ndarray | None) -> str:
    if old is None or new is None:
        return "differs"
    import numpy as np

    if old.shape != new.shape:
        return f"had the shape {old.shape}, now {new.shape}"
    if not (np.issubdtype(old.dtype, np.number) and np.issubdtype(new.dtype, np.number)):
        return "differs"
    gap = np.abs(old.astype(np.float64) - new.astype(np.float64))
    if not np.nan_to_num(gap).any():
        return "differs in type or in what is undefined only"
    return f"differs by up to {np.nanmax(gap):.3g} in values of up to {np.nanmax(np.abs(old)):.3g}"


def reasons(old: Facts, new: Facts) -> list[str]:
    """What was otherwise when the old manifest was written."""
    lines = []
    if old.get("model", {}).get("sha256") != new.get("model", {}).get("sha256"):
        lines.append("the checkpoint is another (SHA-256)")
    if old.get("data", {}).get("listing") != new.get("data", {}).get("listing"):
        lines.append("the split holds other files or labels")
    was = {each["file"]: each["sha256"] for each in old.get("pictures", [])}
    now = {each["file"]: each["sha256"] for each in new.get("pictures", [])}
    lines += [f"{name} is another picture (SHA-256)" for name in was if now.get(name, was[name]) != was[name]]
    versions = new.get("versions", {})
    for name, version in old.get("versions", {}).items():
        if versions.get(name) != version:
            lines.append(f"{name} was {version}, is {versions.get(name, 'not there')}")
    for name in ("device", "threads"):
        if old.get(name) != new.get(name):
            lines.append(f"{name}: was {old.get(name)}, is {new.get(name)}")
    return lines
