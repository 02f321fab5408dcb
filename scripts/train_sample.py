"""Train the bundled sample model as configs/sample*.toml say and put it into the package: an hour of two cores.

Stopped, it goes on where it was when it is started again.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "results" / "sample-first.safetensors"
MODEL = ROOT / "foodviz" / "models" / "sample.safetensors"


def train(config: str, out: Path, *flags: str | Path) -> None:
    """One run of `foodviz train`."""
    command = [sys.executable, "-m", "foodviz", "--config", ROOT / "configs" / config, "train", "--resume"]
    subprocess.run([*command, "--out", out, *flags], check=True)


if __name__ == "__main__":
    if not FIRST.exists():
        train("sample.toml", FIRST)
    train("sample-finish.toml", MODEL, "--start", FIRST)
