"""Every flag with odd values, odd command lines, config files, and odd surroundings."""

import os
import shlex
from functools import partial

import click

from torture import values
from torture.case import Case
from torture.material import cheap

_case = partial(Case, "options")
MORE = ("--nope", "-x", "--ids", "stray", "--seed 1 --seed 2", "-- --ids", "-", "''", "--ids=", "--🍜")
ALONE = ((), ("salency",), ("",), ("\x1b[31m",), ("x" * 100_000,), ("--config", ""), ("--config", "/dev/zero", "dream"))
ALL_CLOSED = dict.fromkeys(("stdin", "stdout", "stderr"), "closed")
STREAMS = (
    *({"stdout": way} for way in ("closed", "full", "broken")),
    {"stderr": "closed"},
    {"stdin": "closed"},
    ALL_CLOSED,
)
GONE = "mkdir @BOX/tmp/gone && cd @BOX/tmp/gone && rmdir @BOX/tmp/gone && FOODVIZ saliency --ids 57 --dpi 40"


def cases(_dice, _base):
    from foodviz.cli import COMMANDS, cli

    context = click.Context(cli)
    for name in COMMANDS:
        for param in cli.get_command(context, name).params:
            if isinstance(param, click.Option) and name != "rerun" and param.name != "split":
                yield from _of_flag(name, param)
        for more in MORE:
            yield _case(f"{name} + {more}", cheap(name, *shlex.split(more)), kept=("cwd",))
        for split in values.SPLITS:
            yield _case(f"{name} --split {split!r}"[:60], cheap(name, "--split", split), kept=values.ELSEWHERE)
    for args in ALONE:
        yield _case(f"only {' '.join(args)[:40]!r}", args, seconds=20)
    for line in values.cells(values.ODD):
        args = shlex.split(line.format(huge=10**12, many=" ".join(["57"] * 300) + " --dpi 30"))
        out = "@OUT/m.safetensors" if args[0] == "train" else "@OUT"
        yield _case(line, (*args, "--out", out), seconds=20 if "{huge}" in line or "1000000000" in line else 90)
    for content in (*values.ODD_CONFIGS, *(text.encode() for text in values.cells(values.CONFIGS))):
        args = ("--config", "@IN/c.toml", "saliency", "--dpi", "40", "--out", "@OUT")
        yield _case(f"config {content[:40]!r}", args, lambda box, text=content: (box / "in/c.toml").write_bytes(text))
    yield _case("config FIFO", ("--config", "@IN/f", "saliency"), lambda box: os.mkfifo(box / "in/f"), "error")
    yield from _surroundings()


def _of_flag(name: str, param: click.Option):
    flag, kind = max(param.opts, key=len), type(param.type).__name__
    if param.is_flag:
        yield from (_case(f"{name} {flag}={value}", cheap(name, f"{flag}={value}")) for value in ("x", ""))
        return
    own = {"ids": values.IDS, "layer": values.LAYERS, "arch": values.ARCHITECTURES, "out": values.FOLDERS}
    kinds = {"Choice": values.CHOICES, "Float": values.FRACTIONS, "Int": (*values.NUMBERS, "7-16", "all", "auto")}
    kind = "Int" if "Int" in kind or param.name in ("filters", "samples", "scan") else kind.removesuffix("ParamType")
    tried = own.get(param.name or "", kinds.get(kind.removesuffix("Range"), values.TEXTS))
    tried += tuple(f"@IN/{number}.py:N" for number in range(len(values.CODE))) if param.name == "arch" else ()
    for value in tried:
        expect = "error" if "Float" in kind and value in ("nan", "-inf") else "any"
        kept = ("cwd", *values.ELSEWHERE) if param.name == "out" else values.ELSEWHERE
        yield _case(f"{name} {flag} {value[:40]!r}", cheap(name, flag, value), _files, expect, kept=kept)


def _files(box) -> None:
    (box / "in/file").write_text("mine")
    (box / "in/loop").symlink_to("loop")
    for number, text in enumerate(values.CODE):
        (box / "in" / f"{number}.py").write_text(text)


def _surroundings():
    for each in values.SURROUNDINGS.split():
        env, expect = dict([each.removeprefix("+").split("=")]), "fine" if each.startswith("+") else "any"
        for command in ("saliency", "layers", "train"):
            args = cheap(command)
            yield _case(f"{command}, {each}", args, None, expect, env=env, real=True, kept=values.ELSEWHERE)
    for command in ("saliency", "layers", "confusion", "inspect", "nope"):
        for streams in STREAMS:
            yield _case(f"{command}, {streams}", cheap(command), streams=streams)
    homeless = {"HOME": None, "FOODVIZ_CACHE": None}
    yield _case("no home", cheap("saliency"), None, "fine", env=homeless, kept=("tmp", "cwd"))
    yield _case("into /root, as nobody", ("saliency", "--ids", "57", "--out", "/root/x"), None, "error", nobody=True)
    yield _case("in a folder that is gone", shell=GONE, expect="error")
    yield _case("into head", shell="set -o pipefail; FOODVIZ layers 2>/dev/null | head -1; exit ${PIPESTATUS[0]}")
