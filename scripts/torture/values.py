"""What strangers write into flags, names and files: lists that tables draw from."""


def words(text: str) -> list[str]:
    return text.split()


# What a page, a terminal, a shell, a figure, a config file or a formatted text would obey.
HOSTILE = (
    "<script>document.title='RAN';new Image().src='http://127.0.0.1:9/x'</script>",
    *("\"><img src=x onerror=document.title='RAN'>", "</script><script>document.title='RAN'</script>", "<!--<script>"),
    *("{{7*7}}{% raw %}", "{0.__class__}", "javascript:alert(1)", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x7f"),
    *("\r\noverwritten", "new\nline", "a\tb", "low\x01", "$\\frac{1}{0$", "$x^2$", "a_b^c$", "x" * 10_000, "é" * 100),
    *("\u202ertl", "=cmd|' /C calc'!A0", "@SUM(1)", "100%s%n%d", "%(x)s", "é🍜", "食物", "'; touch x; '", "a,b", "a;b"),
    *("__proto__", "constructor", "&lt;b&gt;", "\u2028", "..", "-rf", "--arch=e.py:N", "$HOME $(touch x) `x`"),
    *("q'u\"o`te", "back\\slash", "CON", "ä\u0308", " ", "[x]", "# c", "\udcff\udcfe"),
)
PATHS = words("../x - -- ~nouser/x ~ /dev/null /dev/zero /etc/passwd . .. / * @IN")
TEXTS = (*HOSTILE, *PATHS, "", "x", "a" * 5000)
FILE_NAMES = tuple(text.replace("/", "⁄")[:99] + ".jpg" for text in (*HOSTILE, "n" * 99, ".", "a.jpg.png", "--ids"))

NUMBERS = (
    *words("abc nan inf 1e9 -1 0 1.5 99999999999999999999 ٥٧ 0x10 1_0 +5 −5 1000000000 ½ ² 1,2 7-16 all auto"),
    *words("-inf 1e309 1e-320 1e38 1e-30 ٣.٥ 1,5 -- 1e400 -0.0"),
    *("", " 5", "5 ", "5\n", "9" * 5000),
)
ANYTHING = (*TEXTS, *NUMBERS)
NO_CHOICES = ("x", " x", "\x1b[31m")
IDS = (
    *words("-1 1e3 99999999999999999999 ٥٧ ٠ 057 0x39 57.0 0_15.png 0_15.JPG 0_15. .jpg 𝟝𝟟 57,3207 , ,, 57,,57"),
    *("0_15.jpg/..", "training/0_15.jpg", "57 ", " 57", "0_15.jpg\n", "9" * 5000),
)
LAYERS = (
    *words("cnn.999 -1 -999 999 99999999999999999999 cnn . .. cnn. fc network.cnn.1 cnn.0.weight ٣ 1.5 -0 pool"),
    *("cnn.-1", " 15", "cnn.15 ", "9" * 5000),
)
FOLDERS = (
    *words("- @IN/evil.py @IN/evil.py/below /proc/nope /dev/null /dev/full/x /sys/x ~nouser /proc/x"),
    *(
        "",
        "%(x)s",
        "@OUT/" + "n" * 300,
        "@OUT/" + "d/" * 2100,
        *(f"@OUT/{text[:60]}" for text in HOSTILE if text != ".."),
    ),
)
SPLITS = (*TEXTS, *words("/tmp training/.. TRAINING nope training/ ./training"), "training\n")
# Architectures that name something else than code in a file, and the user's own code in files of @IN.
ARCHITECTURES = (
    *words(": a: :b x torchvision: torchvision:nope torchvision:__init__ torchvision:resnet18 os:system os:nope .a:b"),
    *words("..:x a..b:c nope.py:X /etc/passwd:x /etc/passwd.py:x stack stack; json:dumps builtins:exit HW3-SAMPLE"),
    *("", "stack; ReLU", "stack; Nope: cnn.2", "stack; MaxPool2d(0): cnn.2", "stack; ReLU: cnn.99999999"),
    *("stack; input: 0", "stack; input: 99999", "stack; Conv2d(0,0): cnn.0", "stack; join: AdaptiveAvgPool2d(0)"),
    *("stack; ReLU(((: cnn.2", "foodviz.__main__:x", "a" * 5000 + ":b", "🍜:x", "hw5-sample", "vgg16_bn-slim "),
    *(f"@IN/{number}.py:N" for number in range(7)),
)
# Architectures by which a file or a manifest would choose code of this machine.
CHOOSING = (
    *words("evil.py:Net ./evil.py:Net torchvision:/../evil.py:Net torchvision:x/../evil.py:Net evil:Net evil;.py:Net"),
    *words("torchvision:../evil.py:Net stack/../evil.py:Net evilstack.py:Net stack.py:Net stack;.py:Net os:system"),
    *words("torchvision:evil:Net torchvision:os:system stack:system torchvision: vgg16_bn-slim:x this;x:y"),
    *("stack; x/../evil.py:Net", " evil.py:Net", "pickled:x", "antigravity:x", "torchvision:antigravity", "evil.py:"),
)
LABELS = (11, 12, 99, 1000, 100_000, 20231105, 10**9, 10**18, 2**63, 10**200, -1, "²", "٣", "007", "1e3")
SPLIT_NAMES = (*words("Training TRAIN trn dev train2 食 unlabeled a=b training_masks"), "train ", "val\n")
# JSON that no field of a file, or only another field, may hold.
JSONS = (
    *words('5 null {} "" "x" [] [0.5] [1,2] [null] [""] [1] ["a","a"] ["a","a","a"] [NaN,1,1] [1e999,1,1] [[1],1,1]'),
    *words('[-1,-1,-1] [0,0,0] [1e-40,1,1] [1e30,1,1] "128" [128] [0,0] [-8,-8] [1,1] [1e9,1e9] [20000,20000]'),
    *words(
        '[1.5,1] [64,32] "Bread" ["\\ud800"] ["\\u0000"] {"a":1} "no" "====" "é" "os:system" "torchvision:resnet18"'
    ),
    *('"stack; ReLU: cnn.2"', '"stack; ReLU(((: cnn.2"', '["' + "x" * 10_000 + '"]'),
)
