"""Manifests and pages of strangers, given to rerun."""

import json

from torture.values import words

TABLE = r"""
fine: rerun @IN/x {--out @OUT,--check} <- setting(base) | page(base, "{head}<body>{body}")
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
any 20s: rerun @IN/x --out @OUT <- setting(base, dpi=10**6) | setting(base, seed=10**30) | run("train") | run("sample")
    setting(base, method="integrated-gradients", steps=10**12) | setting(base, input_size=20000) | run("os.system")
    run("inspect", save="../escaped.toml") | run("dream", guide="/etc/shadow", steps=1, every=1) | run("") | run(None)
    run("dream", resume=True, steps=2) | run("dream", filters=["94", "--arch", "evil.py:Net"], steps=1) | run(5)
    run("dream", recipe="octaves", steps=1, zoom=10**9) | run("lime", target=["label", "--arch", "evil.py:Net"])
    run("lime", hide="--allow-code") | run("confusion", pair=["--arch", "evil.py:Net"]) | run("../x") | run("report")
    run("filters", classes=["Rice", "--arch", "evil.py:Net"]) | run(["saliency"])
any: rerun @IN/x {--out @OUT,--check} <- page(base, "{head}<body>{script}{body}")
    page(base, "<!--{script}-->{head}<body>{body}") | page(base, "{script}{head}<body>{body}")
any *JSONS: rerun @IN/x {--out @OUT,--check} <- report(base, [{dice.choice(PARTS): json.loads(each)}])
    report(base, [{}], **{dice.choice(WHOLE): json.loads(each)})
any *TEXTS: rerun @IN/x --out @OUT <- report(base, [{"name": each}]) | report(base, [{"arrays": {each: "x"}}])
any: rerun @IN/x {--out @OUT,--check} <- report(base, [{}, {}]) | report(base, [{"name": "a" * k} for k in range(100)])
any *40: rerun @IN/x --check <- {**setting(base), "saliency.npz": flipped(good("runs/saliency.npz"), dice)}
any *20: rerun @IN/x --check <- {**setting(base), "saliency.npz": cut(good("runs/saliency.npz"), dice)}
any: rerun @IN/x --check <- {**setting(base), "saliency.npz": pickle.dumps(evil(os.system, "touch ../canary"))}
    {**setting(base), "saliency.npz": npz(maps=np.array([evil(os.system, "touch ../canary")], dtype=object))}
    {**setting(base), "saliency.npz": npz(maps=np.array(["a"]))} | {"x": setting(base)["x"]}
error 20s: rerun @IN/x --out @OUT <- path.exists() | path.mkdir() | os.mkfifo(path) | path.symlink_to("/dev/zero")
error nobody: rerun @IN/x --out @OUT <- (path.write_text("{}"), path.chmod(0))
"""
SETTINGS = words("ids image seed dpi model arch layer noise method device split data target")
PARTS = words("name manifest arrays error")
WHOLE = words("sections settings command command_line pictures model versions")


def run(command: object, **settings: object) -> str:
    """A manifest with nothing else."""
    return json.dumps({"command": command, "command_line": "x", "settings": settings})


def setting(base, **changed: object) -> dict:
    """The manifest of a good run with other settings."""
    manifest = json.loads((base / "runs/saliency.json").read_text())
    return _beside(base, json.dumps(manifest | {"settings": manifest["settings"] | changed}))


def report(base, sections: list[dict], /, **changed: object) -> dict:
    """A report with other sections, each its first with changes."""
    good = json.loads((base / "runs/report.json").read_text())
    return _beside(base, json.dumps(good | {"sections": [good["sections"][0] | each for each in sections]} | changed))


def page(base, form: str) -> dict:
    """A good page in two parts, and a script with another manifest."""
    head, body = (base / "runs/report.html").read_text().split("<body>", 1)
    script = f'<script type="application/json" id="manifest">{run("saliency", ids=["--arch=evil.py:N"])}</script>'
    return _beside(base, form.format(head=head, body=body, script=script))


def _beside(base, text: str) -> dict:
    """A manifest or page with the values of good runs beside it."""
    files = {str(path.relative_to(base / "runs")): path.read_bytes() for path in (base / "runs").rglob("*.npz")}
    return {"x": text, **files}
