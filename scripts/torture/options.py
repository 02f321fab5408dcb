"""Every flag of every command with odd values, odd command lines, config files, and odd surroundings."""

from collections.abc import Iterator

import click

from torture.table import options_of

TABLE = r"""
any: {,salency,'',--help,--version,--config '',--config @IN/nope saliency,--config @BASE saliency}
any *TEXTS: @EACH
any: {inspect,layers,saliency,report,confusion,train,sample} {--nope,-x,--ids,stray,-- --ids,-,'',--ids=,--🍜}
any 90s: saliency --method captum:{Saliency --layer 3,,os.system,Occlusion,Nothing,LRP}
any: saliency --method gradcam {--layer fc.1,--layer 0,--reduce none,--input-size 8,--input-size 600,--image x --ids 5}
any 90s: lime {--samples 10000000 --design balanced,--class Rice,--class '' --limit 2,--target a b,--hide #gggggg}
any 90s: filters {--layer -1 --filters 0,--all --filters 1,--lr 1e30 --steps 3}
any 90s: dream {--octaves 12 --octave-scale 4 --recipe octaves,--filters all 5,--weights nan --filters 3,--resume}
any: confusion --pair {Bread Bread,'' '',Bread}
any 90s: reliance {--changes gray,--changes shift:grey,--masks none --changes gone,--masks @BASE/data --changes gone}
any: --config @IN/x saliency --trust none --dpi 40 --out @OUT <- "ids = '57'" | "ids = [[1]]" | "ids = {}"
    "ids = [1.5]" | "'' = 5" | "ids = 1979-05-27" | "ids = ['57', '']" | "idss = [57]" | "seed = '0'" | "a.b.c = 1"
    "ids = [57" | "[saliency.x]" | "seed = true" | "seed = 1979-05-27T07:32:00Z" | "dpi = nan" | "target = 5"
    "split = 5" | "layer = 15" | "quiet = 'no'" | "json = true" | "json_ = true" | "out = 5" | "out = ''"
    "out = '\\u0000'" | "model = ['x']" | "saliency = 5" | "[nope]" | "[[saliency]]" | "method = 'GRADIENT'"
    "noise = 'nan'" | "allow_code = 'yes'" | b"\xef\xbb\xbfids = [57]" | "ids = [57]".encode("utf-16") | b"\xff" * 100
    b"" | b"\0" | b"#" * (30 << 20) | "seed = " + "9" * 5000 | "ids = " + "[" * 3000 + "]" * 3000
    "ids = " + json.dumps(["57"] * 1001)
error 20s: --config {@IN/x,/dev/zero} saliency <- os.mkfifo(path)
fine: {COLUMNS=1,COLUMNS=x,COLUMNS=-5,NO_COLOR=1,TERM=dumb,TZ=junk,PYTHONHASHSEED=77} {[saliency],[layers],[train]}
fine +tmp: {LC_ALL=C,PYTHONIOENCODING=ascii,PYTHONIOENCODING=latin-1,PYTHONOPTIMIZE=2,MPLCONFIGDIR=/proc/x} [confusion]
fine +tmp +home: {HOME=/nope,TMPDIR=/nope,MPLBACKEND=TkAgg,env -u HOME -u FOODVIZ_CACHE} [saliency]
any +cwd +home: FOODVIZ_CACHE={/etc/passwd,/proc/x,cc,} [{saliency,confusion,lime}]
any +cwd +home: {env -u FOODVIZ_CACHE XDG_CACHE_HOME=rel,SOURCE_DATE_EPOCH=x,WORLD_SIZE=x,OMP_NUM_THREADS=x} [train]
any +tmp: {MPLBACKEND=x,PYTHONWARNINGS=always,PYTHONWARNINGS=error,FOODVIZ_CONFIG=/nope,FOODVIZ_CONFIG=/tmp} [saliency]
any: [{saliency,layers,confusion,inspect,nope}] {>/dev/full,>&-,<&-}
any unheard: [{saliency,layers,confusion,inspect,nope}] {2>&-,>&- 2>&- <&-,| true,| head -1}
error nobody: saliency --out /root/x
error +tmp: mkdir @BOX/tmp/gone && cd @BOX/tmp/gone && rmdir @BOX/tmp/gone && [saliency --out results]
"""
# What the user's own net does, by files.
CODE = {"0.py": "import sys\nsys.exit(7)", "1.py": "def (", "2.py": "1/0", "3.py": "N = 5", "4.py": "def N(): return 5"}
CODE |= {"5.py": "def N(): raise KeyboardInterrupt", "6.py": "import torch\nclass N(torch.nn.Module):\n  a = 1/0"}
OF_PARAMETER = {"ids": "IDS", "layer": "LAYERS", "arch": "ARCHITECTURES", "split": "SPLITS", "out": "FOLDERS"}


def lines(dice) -> Iterator[str]:
    """Some flags of each command, taken from the commands themselves, each beside a choice of theirs or alone."""
    from foodviz.cli import COMMANDS

    for command in COMMANDS:
        options = options_of(command)
        choices = {flag: list(param.type.choices) for flag, param in options.items() if hasattr(param.type, "choices")}
        choices.pop("--device", None)  # another than cpu is refused first
        for flag, param in dice.sample(list(options.items()), min(8, len(options))):
            other = dice.choice([name for name in choices if name != flag] or [""])
            beside = f"{other} {dice.choice(choices[other])}" if other else ""
            value = f"{flag}=@EACH" if param.is_flag else f"{flag} @EACH"
            yield f"{_of_value(param)} 90s: {command} {{{beside},}} {value} <- CODE"


def _of_value(param: click.Option) -> str:
    if param.is_flag or hasattr(param.type, "choices"):
        return "error *NO_CHOICES"
    anything = "ANYTHING" if isinstance(param.type, click.types.StringParamType | click.Path) else "NUMBERS"
    return f"any +cwd *{OF_PARAMETER.get(param.name or '', anything)}"
