"""Manifests and pages of strangers, given to rerun."""

import json

TABLE = r"""
fine: rerun @IN/x {--out @OUT,--check} <- beside(base, setting(base)) | beside(base, good("runs/report.html"))
any: rerun @IN/x {--out @OUT,--check} <- "" | "{" | "null" | "\ufeff{}" | "[" * 100_000 | '{"a":' * 100_000
    good("p.png") | "x" * (30 << 20) | "<html></html>" | good("runs/report.html")[:5000]
    '{"command": "saliency", "settings": {"seed": ' + "9" * 5000 + "}}"
any *CHOOSING: rerun @IN/x {--out @OUT,--check} <- setting(base, arch=each, model=str(base / "tiny.pth"))
any: rerun @IN/x {--out @OUT,--check} <- setting(base, ids=["57", "--arch", "evil.py:Net"])
    setting(base, ids=["57", "--arch=evil.py:Net"]) | setting(base, ids=["57,--arch,evil.py:Net"])
    setting(base, ids=["57", "--allow-code", "--model", "evil.pth"]) | setting(base, ids=["57", "--out", "../escaped"])
    setting(base, ids=["--help"]) | setting(base, ids=["57", "--json"]) | setting(base, ids=["--", "57"])
    setting(base, ids=[], image=["--allow-code", "--model=evil.pth"]) | setting(base, allow_code=True, model="evil.pth")
    setting(base, allow_code=1, model="evil.pth") | setting(base, allow_code="yes", model="evil.pth")
    setting(base, trust_pickle=True, model="evil.pth") | setting(base, model="evil.pth") | setting(base, allow_code=[0])
    setting(base, model=["evil.pth", "--allow-code"]) | setting(base, arch=["evil.py:Net"])
    setting(base, out="../escaped") | setting(base, out="/etc/escaped") | setting(base, save="../escaped.toml")
    setting(base, config="evil.toml") | setting(base, model="$(touch x); touch x") | setting(base, model="/etc/shadow")
    setting(base, ids=[], image=["/etc/shadow"]) | setting(base, ids=[], image=["/dev/zero"])
any *JSONS: rerun @IN/x {--out @OUT,--check} <- setting(base, **{dice.choice(SETTINGS): json.loads(each)})
any *TEXTS: rerun @IN/x --out @OUT <- setting(base, **{dice.choice(SETTINGS): each})
any 20s: rerun @IN/x --out @OUT <- setting(base, dpi=10**6) | setting(base, seed=10**30) | setting(base, dpi=float("inf"))
    setting(base, method="integrated-gradients", steps=10**12) | setting(base, input_size=20000) | run("train")
    run("inspect", save="../escaped.toml") | run("dream", guide="/etc/shadow", steps=1, every=1) | run("os.system")
    run("dream", resume=True, steps=2) | run("dream", filters=["94", "--arch", "evil.py:Net"], steps=1) | run("sample")
    run("dream", recipe="octaves", steps=1, zoom=10**9) | run("lime", target=["label", "--arch", "evil.py:Net"])
    run("lime", hide="--allow-code") | run("confusion", pair=["--arch", "evil.py:Net"]) | run("") | run(None) | run(5)
    run("filters", classes=["Rice", "--arch", "evil.py:Net"]) | run("report") | run(["saliency"]) | run("../x")
any: rerun @IN/x {--out @OUT,--check} <- beside(base, good("runs/report.html").replace(b"<body>", b"<body>" + FORGED, 1))
    beside(base, b"<!--" + FORGED + b"-->" + good("runs/report.html")) | beside(base, FORGED + good("runs/report.html"))
any *JSONS: rerun @IN/x {--out @OUT,--check} <- report(base, [{dice.choice(PARTS): json.loads(each)}])
    report(base, [{}], **{dice.choice(WHOLE): json.loads(each)})
any *TEXTS: rerun @IN/x --out @OUT <- report(base, [{"name": each}]) | report(base, [{"arrays": {each: "x"}}])
any: rerun @IN/x {--out @OUT,--check} <- report(base, [{}, {}]) | report(base, [{"name": "a" * k} for k in range(100)])
any *40: rerun @IN/x --check <- beside(base, setting(base), flipped(good("runs/saliency.npz"), dice))
any: rerun @IN/x --check <- beside(base, setting(base), b"") | beside(base, setting(base), npz(maps=np.array(["a"])))
    beside(base, setting(base), cut(good("runs/saliency.npz"), dice)) | setting(base)
    beside(base, setting(base), pickle.dumps(Payload(os.system, "touch ../canary")))
    beside(base, setting(base), npz(maps=np.array([Payload(os.system, "touch ../canary")], dtype=object)))
error 20s: rerun @IN/x --out @OUT <- path.exists() | path.mkdir() | os.mkfifo(path) | path.symlink_to("/dev/zero")
error nobody: rerun @IN/x --out @OUT <- (path.write_text("{}"), path.chmod(0))
"""
SETTINGS = (
    "ids",
    "image",
    "seed",
    "dpi",
    "model",
    "arch",
    "layer",
    "noise",
    "method",
    "device",
    "split",
    "data",
    "target",
)
PARTS = ("name", "manifest", "arrays", "error")
WHOLE = ("sections", "settings", "command", "command_line", "pictures", "model", "versions")


def kept(base, name: str) -> dict:
    return json.loads((base / f"runs/{name}.json").read_text())


def run(command: object, **settings: object) -> str:
    """A manifest with nothing else."""
    return json.dumps({"command": command, "command_line": "x", "settings": settings})


FORGED = (
    b'<script type="application/json" id="manifest">%b</script>' % run("saliency", ids=["--arch=evil.py:N"]).encode()
)


def setting(base, **changed: object) -> str:
    """The manifest of a good run with other settings."""
    manifest = kept(base, "saliency")
    return json.dumps(manifest | {"settings": manifest["settings"] | changed})


def report(base, sections: list[dict], **changed: object) -> dict:
    """A report with other sections, each its first with changes."""
    good = kept(base, "report")
    return beside(base, json.dumps(good | {"sections": [good["sections"][0] | each for each in sections]} | changed))


def beside(base, text: str | bytes, arrays: bytes | None = None) -> dict:
    """A manifest or page, and beside it the values of good runs, or others."""
    files = {str(path.relative_to(base / "runs")): path.read_bytes() for path in (base / "runs").rglob("*.npz")}
    return {"x": text, **files} | ({} if arrays is None else {"saliency.npz": arrays})
