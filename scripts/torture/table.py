"""Tables of cases. A line says what is right, a command line, and after an arrow what makes the input:

    fine *25 90s: {saliency,lime} --image @IN/x <- flipped(good("p.jpg"), dice) | bytes(99)

Before the colon: what is right (Case.expect); then, where wanted, how often, how many seconds, `nobody`, `unheard`, and
`+tmp` for a folder of the box that may change. `*NAMES` in place of a number takes each of a list of the room or of
values.py: it is @EACH in the command line and `each` in an expression.

The command line: `{a,b}` and `{1..9}` are alternatives, as in a shell. A command gets flags that make it quick. In a
line for bash each [command line] is one of foodviz.

The expressions, ` | ` between them, are Python's, with the names of the room, of material.py and of values.py, and
`dice`, `base`, `box`, `good(name)` for the bytes of a good file, and `path`, the file `x` that bytes and texts become;
a dictionary is files and what they hold. A line that begins with blanks has more expressions for the line above.
"""

import importlib
import random
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain, product, zip_longest
from pathlib import Path
from types import CodeType

import click

from torture import material, values
from torture.case import Case
from torture.runner import Runner

# What makes commands quick, besides a choice of pictures and OFTEN; of other commands those alone.
QUICK = {
    "saliency": "--trust none",
    "filters": "--filters 7 --steps 2 --only picture --scan 8",
    "lime": "--samples 60 --trust none",
    "dream": "--steps 2 --every 1",
    "atlas": "--layers 16 --filters 7 --steps 2 --scan 8",
    "embedding": "--data @BASE/data",
    "reliance": "--data @BASE/data --changes grey",
    "inspect": "--count 11 --few 11",
    "train": "--data @BASE/data --limit 4 --epochs 1 --size 32 --out @OUT/m.safetensors",
    "sample": "--limit 1 --split validation",
    "report": "--sections saliency",
}
OFTEN = "--dpi 40 --out @OUT"
PICTURES = {"--ids", "--image", "--data", "--class", "--errors"}  # one of these says which pictures


@cache
def options_of(command: str) -> dict[str, click.Option]:
    """The options of a command by their flags."""
    from foodviz.cli import cli

    params = cli.get_command(click.Context(cli), command).params
    return {max(param.opts, key=len): param for param in params if isinstance(param, click.Option)}


def quick(line: str, each: object = "") -> tuple[str, ...]:
    """The words of a command line; those of a command have what makes it quick before its own."""
    from foodviz.cli import COMMANDS

    words = shlex.split(line)
    command, *rest = (word.replace("@EACH", str(each)) for word in words or [""])
    if command not in COMMANDS:
        return (command, *rest) if words else ()
    options, given = options_of(command), {word.partition("=")[0] for word in words}
    own = QUICK.get(command, "" if "--ids" in options else "--data @BASE/data")
    # readings of a stranger's model are tried on labelled pictures, which takes long
    chosen = "--image @BASE/p.jpg" if "--model" in given else "--ids 57"
    chosen = "" if given.union(own.split()) & PICTURES else chosen
    more = f"{OFTEN} {own} {chosen}".split()
    pairs = {flag: value for flag, value in zip(more[::2], more[1::2], strict=True) if flag in options.keys() - given}
    return (command, *chain(*reversed(pairs.items())), *rest)


def spread(text: str) -> list[str]:
    """`a/{b,c}` and `{1..9}` as a shell spreads them."""
    before, brace, rest = text.partition("{")
    if not brace:
        return [text]
    inside, _, after = rest.partition("}")
    numbers = re.fullmatch(r"(\d+)\.\.(\d+)", inside)
    parts = map(str, range(int(numbers[1]), int(numbers[2]) + 1)) if numbers else inside.split(",")
    return [before + part + end for part, end in product(parts, spread(after))]


def cases_of(kind: str, seed: str, runner: Runner) -> Iterator[Case]:
    """The cases of a room in an order that the seed decides: of each line one, then another of each.

    A room has a TABLE, or `lines(dice)` that makes lines, or both; `more(dice, runner)` gives streams of cases that no
    line can say; and its `after` looks at each case of a line.
    """
    room = vars(importlib.import_module(f"torture.{kind}"))
    dice = random.Random(f"{seed} {kind}")
    scope = {**vars(material), **vars(values), **room, "base": runner.base, "seed": seed}
    streams, head = [], ""
    for line in [*room.get("TABLE", "").strip().splitlines(), *room.get("lines", lambda _: ())(dice)]:
        head = head if line.startswith(" ") else line.partition(" <-")[0]
        whole = f"{head} <- {line.strip()}" if line.startswith(" ") else line
        if not whole.endswith("<-"):
            streams.append(list(_of_line(whole, scope, kind=kind, after=room.get("after"))))
    for cases in (*streams, streams):
        dice.shuffle(cases)
    more = room.get("more", lambda *_: ())(dice, runner)
    return (case for cases in zip_longest(*more, *streams) for case in cases if case is not None)


def _of_line(line: str, scope: Mapping, **settings: object) -> Iterator[Case]:
    words, rest = line.split(": ", 1)
    commands, _, makers = rest.partition(" <- ")
    settings["expect"], *more = words.split()
    each_of: Iterable[object] = ("",)
    for word in more:
        if word[0] == "*":
            each_of = range(int(word[1:])) if word[1:].isdigit() else scope[word[1:]]
        elif word[0] == "+":
            settings["kept"] = (*settings.get("kept", ()), word[1:])
        else:
            settings |= {"seconds": float(word[:-1])} if word[0].isdigit() else {word: True}
    for command, maker, each in product(spread(commands), makers.split(" | "), each_of):
        name = f"{command}{' <- ' * bool(maker)}{maker}{'' if each == '' else f' of {each!a:.60}'}"
        dice = random.Random(f"{scope['seed']} {name}")
        shell = re.sub(r"\[(.*?)\]", lambda line: f"@FOODVIZ {shlex.join(quick(line[1]))}", command)
        form = {"args": quick(command, each)} if shell == command else {"shell": shell}
        make = partial(_make, compile(maker or "None", line, "eval"), {**scope, "each": each, "dice": dice})
        yield Case(name=name, make=make, **form, **settings)


def _make(maker: CodeType, scope: Mapping, box: Path) -> None:
    good = lambda name: (scope["base"] / name).read_bytes()  # noqa: E731
    content = eval(maker, {**scope, "box": box, "path": box / "in/x", "good": good})
    content = {"x": content} if isinstance(content, bytes | str) else content
    for name, data in content.items() if isinstance(content, dict) else ():
        file = box / "in" / name
        (file if name.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
