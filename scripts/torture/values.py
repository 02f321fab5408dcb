"""What strangers write into flags, names and files. Tables have ` | ` between their cells."""

import json


def words(text: str) -> list[str]:
    return text.split()


def cells(table: str) -> list[str]:
    return [cell.strip() for line in table.strip().split("\n") for cell in line.split(" | ")]


def lines(table: str) -> list[tuple[str, str]]:
    """`expect: cell | cell` as what must come of each cell, and the cell: text that Python evaluates."""
    parts = [line.split(": ", 1) for line in table.split("\n") if line]
    return [(expect, cell.strip()) for expect, rest in parts for cell in rest.split(" | ")]


NUMBERS = (
    *words("abc nan inf 1e9 -1 0 1.5 99999999999999999999 ٥٧ 0x10 1_0 +5 −5 1000000000 ½ ² 1,2"),
    *("", " 5", "5 ", "5\n", "9" * 5000),
)
FRACTIONS = (*words("abc nan inf -inf -1 0 1e309 1e-320 1e38 1e-30 ٣.٥ 1,5 -- 1e400 -0.0"), "")
IDS = (
    *words("-1 1e3 99999999999999999999 ../../etc/passwd ٥٧ ٠ 057 0x39 57.0 ~ ~nouser/x / . .. * 0_15.png 0_15.JPG"),
    *words("0_15. .jpg 𝟝𝟟 -- 57,3207 , ,, 57,,57 0_15.jpg/.. training/0_15.jpg"),
    *("", "57 ", " 57", "0_15.jpg\n", "9" * 5000, "a" * 10_000, "\udcff", "\x1b[31mred"),
)
LAYERS = (
    *words("cnn.999 -1 -999 999 99999999999999999999 cnn . .. cnn. fc network.cnn.1 __class__ cnn.0.weight ٣ 1.5"),
    *("", "cnn.-1", " 15", "cnn.15 ", "\x1b[2J", "a" * 9000, "9" * 5000, "-0", "--", "pool", "cnn.43"),
)
TEXTS = (
    *("", " ", "x", "\x1b[31mx", "$\\frac{1}{0", "$x$", "a" * 5000, "\udcfe", "\u202ertl", "🍜", "../x", "'; rm x; '"),
    *("{}", "%s%n", "%(x)s", "\n", "-", "--", "~nouser/x", "~", "/dev/null", "/dev/zero", "/etc/passwd", "."),
)
CHOICES = ("", "x", " x", "\x1b[31m")
# Architectures that name something else than code in a file; those that do are in CODE.
ARCHITECTURES = (
    *words(": a: :b x torchvision: torchvision:nope torchvision:__init__ torchvision:resnet18 os:system os:nope .a:b"),
    *words("..:x a..b:c nope.py:X /etc/passwd:x /etc/passwd.py:x stack stack; json:dumps builtins:exit HW3-SAMPLE"),
    *("", "stack; ReLU", "stack; Nope: cnn.2", "stack; MaxPool2d(0): cnn.2", "stack; ReLU: cnn.99999999"),
    *("stack; input: 0", "stack; input: 99999", "stack; Conv2d(0,0): cnn.0", "stack; join: AdaptiveAvgPool2d(0)"),
    *("stack; ReLU(((: cnn.2", "foodviz.__main__:x", "a" * 5000 + ":b", "🍜:x", "hw5-sample", "vgg16_bn-slim "),
)
# The user's own code by --arch, and what it does.
CODE = (
    *("import sys\nsys.exit(7)", "def (", "1/0", "N = 5", "def N():\n    return 5", "def N(): raise KeyboardInterrupt"),
    "import torch\nclass N(torch.nn.Module):\n    def __init__(self, a, b, c): pass",
)
# Architectures by which a file or a manifest would choose code of this machine.
CHOOSING = (
    *words("evil.py:Net ./evil.py:Net torchvision:/../evil.py:Net torchvision:x/../evil.py:Net evil:Net evil;.py:Net"),
    *words("torchvision:../evil.py:Net stack/../evil.py:Net evilstack.py:Net stack.py:Net stack;.py:Net os:system"),
    *words("torchvision:evil:Net torchvision:os:system stack:system torchvision: vgg16_bn-slim:x this;x:y"),
    *("stack; x/../evil.py:Net", " evil.py:Net", "pickled:x", "antigravity:x", "torchvision:antigravity", "evil.py:"),
)
FOLDERS = (
    *words("- @IN/file @IN/file/below @IN/loop @IN/loop/x /proc/nope /dev/null /dev/full/x /sys/x ~nouser /proc/x"),
    *("", "%(x)s", "@OUT/" + "n" * 300, "@OUT/" + "d/" * 2100, "@OUT/a\nb", "@OUT/\udcff", "@OUT/\u202ex🍜"),
    *("@OUT/$x$", "@OUT/'q\"", "@OUT/Z:x"),
)
SPLITS = (
    *words("/tmp .. training/.. @IN ~ TRAINING nope / training/ ./training"),
    *("", "training\n", "\udcff", "x" * 300),
)
FILE_NAMES = (
    *("new\nline.jpg", "q'u\"o`te.jpg", "100%s%n%d.jpg", "-dash.jpg", "--ids.jpg", "$HOME $(touch x) `x`.jpg"),
    *("$\\frac{1}{0.jpg", "$x$.jpg", "a_b^c$.jpg", "\udcff\udcfe.jpg", "\u202egpj.exe.jpg", "🍜🍕.jpg", "食物.jpg"),
    *("é" * 100 + ".jpg", "n" * 251 + ".jpg", "\x1b[31mred\x1b[0m.jpg", "tab\t.jpg", "bell\x07.jpg", "low\x01.jpg"),
    *(" .jpg", "..jpg", "a.jpg.png.jpg", "<script>alert(1)<⁄script>.jpg", "{0.__class__}.jpg", "a,b.jpg"),
    *("back\\slash.jpg", "CON.jpg", "a;b.jpg", "\u2028sep.jpg", "\x7f.jpg", "\r.jpg", "x.JPG", "ä\u0308.jpg"),
)
MODEL_NAMES = ("🍜", "new\nline", "q\"u'o", "\udcff", "back\\slash", "tab\t", "\x7f", "[x]", "# c", "\x1b[31m", "%(x)s")
# Names of classes and of folders.
HOSTILE = (
    "<script>document.title='RAN';new Image().src='http://127.0.0.1:9/x'</script>",
    "\"><img src=x onerror=document.title='RAN'>",
    "</script><script>document.title='RAN'</script>",
    *("<!--<script>", "{{7*7}}{% raw %}", "javascript:alert(1)", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07"),
    *("\r\noverwritten", "a\tb", "$\\frac{1}{0$", "$x^2$", "x" * 200, "\u202ertl", "=cmd|' /C calc'!A0", "@SUM(1)"),
    *("%s%n", "é🍜", "'; touch x; '", "__proto__", "constructor", "&lt;b&gt;", "\u2028", "..", "-rf", "--arch=e.py:N"),
)
ODD = """
saliency --method gradcam --layer fc.1 | saliency --method gradcam --layer 0 | saliency --reduce none --method gradcam
saliency --method captum:Saliency --layer 3 | saliency --method captum: | saliency --method captum:os.system
saliency --method captum:Occlusion | saliency --method captum:Nothing | saliency --method captum:LRP --ids 57
saliency --dpi 5000 | saliency --device cuda --ids 57 | saliency --device mps --ids 57 | saliency --ids 57 --image x
saliency --method smoothgrad --samples {huge} --ids 57 | saliency --method integrated-gradients --steps {huge} --ids 57
saliency --input-size 2048 --ids 57 --dpi 40 | saliency --input-size 8 --ids 57 --dpi 40 | saliency --ids {many}
lime --samples {huge} --design random | lime --samples 10000000 --design balanced | lime --segments 100000000 --ids 57
lime --segments 1 --ids 57 | lime --segments -3 --ids 57 | lime --compactness nan --ids 57 | lime --sigma 1e9 --ids 57
lime --segmenter quickshift --kernel-size 1e6 --ids 57 | lime --segmenter quickshift --max-distance nan --ids 57
lime --segmenter felzenszwalb --scale nan --ids 57 | lime --segmenter felzenszwalb --min-size -5 --ids 57
lime --kernel-width 1e-300 --ids 57 | lime --kernel-width nan --ids 57 | lime --hide #gggggg --ids 57
lime --hide $x$ --ids 57 | lime --class Rice --ids 57 | lime --class '' --limit 2 | lime --features {huge} --ids 57
filters --filters 99999 | filters --filters 7-16 | filters --layer -1 --filters 0 | filters --all --filters 1
filters --steps {huge} --filters 7 --only picture | filters --lr 1e30 --steps 3 --filters 7 --only picture
dream --size 100000 | dream --steps {huge} | dream --weights nan --steps 2 --every 1 | dream --weights inf --steps 2
dream --lr 1e30 --steps 2 --every 1 | dream --filter all 5 | dream --filter 999 | dream --resume | dream --lr nan
dream --octaves 12 --octave-scale 4 --recipe octaves --steps 1 | dream --recipe octaves --octave-scale nan --steps 1
dream --recipe octaves --zoom 1000000000 --steps 1 | dream --guide /dev/zero | dream --guide /etc/passwd --steps 1
dream --animate mp4 --steps 1 --every 1 | dream --class '' --steps 1 --every 1 | train --lr nan | train --lr 1e38
confusion --pair Bread Bread --data @BASE/data | confusion --pair '' '' --data @BASE/data | confusion --pair Bread
reliance --changes gray | reliance --changes '' | reliance --changes shift:grey | reliance --masks /dev/zero --limit 2
reliance --masks none --changes gone | reliance --limit 2 --ids 57 | reliance --class Pizza
reliance --masks '' --limit 2 | reliance --masks @BASE/data --limit 2 --changes gone --image @BASE/p.jpg
"""
CONFIGS = """
ids = '57' | ids = 57 | ids = [[1]] | ids = [57] | ids = {} | ids = [] | ids = [true] | ids = [1.5] | ids = [nan]
ids = 1979-05-27 | ids = [1979-05-27] | ids = ['57', ''] | idss = [57] | seed = '0' | seed = 1.5 | seed = true
seed = 1979-05-27T07:32:00Z | seed = 99999999999999999999 | seed = [] | dpi = '40' | dpi = nan | dpi = 40.0
quiet = 'x' | quiet = 1 | quiet = 'no' | json = true | json_ = true | out = 5 | out = '' | out = ['a'] | data = 5
out = '\\u0000' | data = '\\u0000' | model = '\\u0000' | model = ['x'] | model = true | arch = 5 | saliency = 5
[saliency.x] | [nope] | [[saliency]] | a.b.c.d = 1 | ids = [57 | = 5 | image = 'x.jpg' | image = ['x.jpg'] | layer = 15
method = 5 | method = 'GRADIENT' | noise = nan | noise = 'nan' | target = 5 | target = '' | input_size = 128.5
allow_code = 'yes' | split = '' | split = 5 | help = true | config = 'c.toml' | device = 'CPU' | '' = 5
"""
ODD_CONFIGS = (
    *(b"\xef\xbb\xbfids = [57]", b"ids = ['57'] # \xe9", "ids = [57]".encode("utf-16"), b"\xff" * 100, b"", b"\0"),
    *(b"#" * (30 << 20), b"ids = [" + b"[" * 3000 + b"]" * 3000 + b"]", b"seed = " + b"9" * 5000),
    b"ids = " + json.dumps(["57"] * 20_000).encode(),
)
# Of the process itself; None takes a variable away. `+` begins those in which the command must still work.
SURROUNDINGS = """
+COLUMNS=1 +COLUMNS=0 +COLUMNS=x +COLUMNS=-5 +LC_ALL=C +PYTHONIOENCODING=ascii +PYTHONIOENCODING=latin-1 +HOME=/nope
FOODVIZ_CACHE=/etc/passwd FOODVIZ_CACHE=/proc/x FOODVIZ_CACHE=cc FOODVIZ_CACHE= +TMPDIR=/nope +MPLBACKEND=TkAgg
MPLBACKEND=nope +MPLCONFIGDIR=/proc/x OMP_NUM_THREADS=x +PYTHONWARNINGS=always PYTHONWARNINGS=error +NO_COLOR=1
SOURCE_DATE_EPOCH=x WORLD_SIZE=x +PYTHONHASHSEED=77 +TERM=dumb +TZ=junk +PYTHONOPTIMIZE=2 XDG_CACHE_HOME=rel
FOODVIZ_CONFIG=/nope/x.toml FOODVIZ_CONFIG=/tmp FOODVIZ_CONFIG=/dev/null FOODVIZ_CONFIG=~/x
"""
# Settings of a saliency run, a line of JSON each.
FORGED = """
{"ids": ["57", "--arch", "evil.py:Net"]} | {"ids": ["57", "--arch=evil.py:Net"]} | {"ids": ["57,--arch,evil.py:Net"]}
{"ids": ["57", "--allow-code", "--model", "evil.pth"]} | {"ids": ["57", "--out", "../escaped"]} | {"ids": ["--help"]}
{"ids": ["57", "--json"]} | {"ids": ["--", "57"]} | {"ids": 57} | {"ids": "57"} | {"ids": [[57]]} | {"ids": null}
{"ids": [], "image": ["--allow-code", "--model=evil.pth"]} | {"allow_code": true, "model": "evil.pth"}
{"allow_code": 1, "model": "evil.pth"} | {"allow_code": "yes", "model": "evil.pth"} | {"allow_code": [0]}
{"allow_code": null} | {"trust_pickle": true, "model": "evil.pth"} | {"model": "--allow-code"} | {"model": "evil.pth"}
{"model": ["evil.pth", "--allow-code"]} | {"data": "--allow-code"} | {"target": "--allow-code"} | {"out": "../escaped"}
{"out": "/etc/escaped"} | {"save": "../escaped.toml"} | {"config": "evil.toml"} | {"model": "$(touch x); touch x"}
{"ids": [], "image": ["/etc/shadow"]} | {"ids": [], "image": ["/dev/zero"]} | {"model": "/etc/shadow"}
{"quiet": "no"} | {"dpi": "x"} | {"dpi": null} | {"dpi": [40]} | {"dpi": 1e999} | {"dpi": 1000000} | {"dpi": true}
{"seed": 1.5} | {"seed": 1e30} | {"seed": 100000000000000000000} | {"seed": NaN} | {"nope": 1} | {"": 1} | {"ids": {}}
{"data": "/etc"} | {"method": "integrated-gradients", "steps": 1000000000000} | {"input_size": 20000}
{"model": "a\\u0000b"} | {"model": "\\ud800"} | {"target": "\\u001b[31m"} | {"split": "../../.."} | {"json_": true}
{"shared_scale": ["--allow-code"]} | {"noise": NaN} | {"noise": "0"} | {"layer": 15} | {"device": "CPU"}
"""
# Other commands and their settings.
FORGED_COMMANDS = """
["inspect", {"save": "../escaped.toml"}] | ["dream", {"guide": "/etc/shadow", "steps": 1, "every": 1}] | ["train", {}]
["dream", {"resume": true, "steps": 2}] | ["dream", {"filters": ["94", "--arch", "evil.py:Net"], "steps": 1}]
["dream", {"recipe": "octaves", "steps": 1, "zoom": 1000000000}]
["lime", {"target": ["label", "--arch", "evil.py:Net"]}] | ["lime", {"hide": "--allow-code"}]
["confusion", {"pair": ["--arch", "evil.py:Net"]}] | ["sample", {}] | ["rerun", {}]
["filters", {"classes": ["Rice", "--arch", "evil.py:Net"]}] | ["layers", {}] | ["os.system", {}] | ["", {}] | [null, {}]
[5, {}] | [["saliency"], {}] | ["../x", {}] | ["SALIENCY", {}] | ["saliency", []] | ["saliency", null] | ["report", {}]
"""
# What a file of foodviz's may declare of itself; none of it may end in more than a line.
NO_NUMBERS = '5 | null | "abc" | [0.5] | [] | ["a","a","a"] | [NaN,1,1] | [1e999,1,1] | [[1],1,1] | [-1,-1,-1]'
DECLARED = {
    "architecture": '5 | null | [] | {} | "" | "x" | "os:system" | "stack; ReLU: cnn.2" | "torchvision:resnet18"',
    "class_names": '5 | null | "Bread" | [1,2] | [null] | [""] | ["a","a"] | [] | ["\\ud800"] | ["\\u0000"] | {"a":1}',
    "input_size": '5 | null | "128" | [128] | [0,0] | [-8,-8] | [1,1] | [1e9,1e9] | [20000,20000] | [1.5,1] | [64,32]',
    "mean": NO_NUMBERS,
    "std": NO_NUMBERS + " | [0,0,0] | [1e-40,1,1] | [1e30,1,1]",
    "bgr": '"no" | 5 | null | []',
    "training": '5 | null | "x" | [] | [1]',
    "trained_on": '5 | null | "x" | "====" | "é" | "AAAA" | []',
}
PYTHONS_OWN = ("in/__pycache__", "cwd/__pycache__")
ELSEWHERE = ("home/.cache", "home/.config", "tmp/", "cwd/cc", "cwd/rel", *PYTHONS_OWN)
# Of a data set: what must come of it | commands | files below its folder, a backslash for a space.
LAYOUTS = r"""
error | saliency confusion | train/
error | saliency confusion | train/{a,b}/ val/a/
any | saliency confusion inspect train report | x.jpg
any | saliency confusion inspect lime report | validation/0_0.jpg
any | saliency confusion inspect train | {training,validation}/0_0.jpg
any | saliency confusion inspect train | {train,val}/3_{1..4}.jpg
any | saliency confusion inspect train | {train,val}/Egg/{1..4}.jpg
any | saliency confusion layers train | {train,val}/c{1..2000}/0.jpg
any | saliency confusion | train/0_1.jpg train/Bread/1.jpg train/x.jpg val/0_1.jpg
any | saliency confusion train | train/{0,1}_1.jpg val/Bread/1.jpg
any | saliency confusion layers | {1,train/1,train/a/1,train/a/b/1}.jpg
any | saliency confusion | train/{0,Bread,Egg}/1.jpg
any | saliency confusion train | train/{5,900}/1.jpg
any | saliency confusion | train/{01,1}/1.jpg
fine | saliency layers | a/b/c/d/e/train/{Bread,Egg}/1.jpg
any | saliency confusion | validation/0_15.{jpg,png}
any | saliency confusion | val/{Egg,egg,EGG}/1.jpg
fine | saliency confusion | val/0_1.{jpg,JPG,Jpg}
any | saliency confusion | {Train,train,TRAINING}/0_1.jpg
any | saliency confusion | val/{a\b,ab,a-b,++,--}/1.jpg
any | saliency confusion train | {train,val}/{🍜,🍕}/1.jpg
any | saliency confusion train | {train,val}/{面包,鸡蛋}/1.jpg
fine | saliency confusion | val/{.hidden,._0_1,0_1}.jpg val/Thumbs.db
error | saliency confusion | val/{.hidden.jpg,.DS_Store}
fine | saliency confusion | __MACOSX/val/._0_1.jpg val/{0,1}_1.jpg
fine | saliency confusion | val/{1..5000}.txt val/{0,1}_1.jpg
fine | saliency layers lime | 2023110{1..8}_123456.jpg
fine | saliency layers | IMG_000{1..8}.jpg
any | saliency train | train/{2021,2022}/{1,2}.jpg
fine | saliency confusion | {train,training,val,valid,test,eval}/0_1.jpg
any | saliency report | training/{0,1}_0.jpg training_masks/0_0.png
"""
LABELS = (11, 12, 99, 1000, 100_000, 20231105, 10**9, 10**18, 2**63, 10**200, -1, "²", "٣", "007", "1e3")
SPLIT_NAMES = (*words("Training TRAIN trn dev train2 食 unlabeled a=b training_masks"), "train ", "val\n")
# What becomes of its pictures while they are read.
CHANGES = """
rm -f @IN/d/*/3_0.jpg
for f in @IN/d/*/3_0.jpg; do : > $f; done
for f in @IN/d/*/3_0.jpg; do rm $f; mkdir $f; done
for f in @IN/d/*/3_0.jpg; do echo x > $f; done
rm -rf @IN/d/*
for k in 1 2 3 4 5 6 7; do cp @IN/d/validation/3_0.jpg @IN/d/validation/3_7$k.jpg; done
"""
