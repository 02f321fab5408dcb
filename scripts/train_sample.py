"""Train the bundled sample model as configs/sample*.toml say and put it into the package.

That takes some 100 minutes of two cores. Stopped, it goes on where it was when it is started again.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "foodviz" / "models" / "sample.safetensors"
# Config and flags of each run; each goes on from the weights of the one before.
RUNS = (
    ("sample.toml",),
    ("sample-noise.toml",),
    ("sample-noise.toml", "--noise", "0.5", "--epochs", "5", "--lr", "1e-3", "--seed", "2"),
    ("sample-noise.toml", "--noise", "0.7", "--epochs", "5", "--lr", "1e-3", "--seed", "3"),
)


def main() -> None:
    """Every run that is not done yet; what lies between them is in results/."""
    start: list[str | Path] = []
    for number, (config, *flags) in enumerate(RUNS, 1):
        out = MODEL if number == len(RUNS) else ROOT / "results" / f"sample-{number}.safetensors"
        if out == MODEL or not out.exists():
            out.parent.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "foodviz", "--config", ROOT / "configs" / config, "train", "--resume"]
            subprocess.run([*command, "--out", out, *start, *flags], check=True)
        start = ["--start", out]


if __name__ == "__main__":
    main()
