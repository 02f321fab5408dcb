"""Many calls in one process; and large inputs, which like every case have 3 GB."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from torture.case import Case, Outcome
from torture.table import quick

TABLE = r"""
fine 200s: {saliency,dream,dream --recipe octaves --steps 1} --image @IN/x <-
    encoded(Image.effect_noise((1200, 900), 90).resize((12_000, 9_000)), "JPEG")
fine 200s: dream --recipe octaves --steps 1 --size 2048
fine 300s: confusion --data @IN/d <- {f"d/validation/{k % 11}_{k}.jpg": good("p.jpg") for k in range(3000)}
"""
CALLS = ((300, "saliency --ids @N"), (60, "lime --ids @N"), (30, "dream --ids @N"), (30, "filters --filters @N"))
MANY = """
import sys
from foodviz.cli import cli
for number in range(int(sys.argv[1])):
    cli.main([word.replace("@N", str(number)) for word in sys.argv[2:]], standalone_mode=False)
    print("\\nsize", int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20)
"""


def more(_dice, _runner) -> Iterator[list[Case]]:
    for count, line in CALLS:
        words = (sys.executable, "-c", MANY, str(count), *quick(line), "--quiet")
        name, shell = f"{count} times {line}", shlex.join(words)
        yield [Case("memory", name, shell=shell, expect="fine", seconds=1200, after=_grown)]


def _grown(_box: Path, outcome: Outcome) -> list[str]:
    sizes = [int(size) for size in re.findall(r"(?m)^size (\d+)", outcome.out)]
    growth = sizes[-1] - sizes[len(sizes) // 10] if sizes else 0
    print(f"  {growth} MB more after the first tenth of {len(sizes)} calls")
    return [f"grew by {growth} MB"] if growth > 20 else []
