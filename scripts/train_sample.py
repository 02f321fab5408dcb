"""Train the bundled sample model as configs/sample.toml says and put it into the package: an hour of two cores.

Stopped, it goes on where it was when it is started again.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    config, out = ROOT / "configs" / "sample.toml", ROOT / "foodviz" / "models" / "sample.safetensors"
    command = [sys.executable, "-m", "foodviz", "--config", config, "train", "--resume", "--out", out, *sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False).returncode)
