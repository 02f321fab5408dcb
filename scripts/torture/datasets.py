"""Folders of pictures in odd layouts, with odd names, and that change while they are read."""

from collections.abc import Iterator

from torture.material import encoded, tiles
from torture.table import spread

TABLE = r"""
error: {saliency,confusion} --data @IN/x <- files("train/") | files("train/{a,b}/ val/a/")
    files("val/{.hidden.jpg,.DS_Store}")
any: {saliency,confusion,inspect,train,report} --data @IN/x <- files("x.jpg") | files("validation/0_0.jpg")
    files("{training,validation}/0_0.jpg")
any: {saliency,confusion,inspect,train} --data @IN/x <- files("{train,val}/3_{1..4}.jpg")
    files("{train,val}/Egg/{1..4}.jpg") | files("{train,val}/{🍜,🍕}/1.jpg") | files("{train,val}/{面包,鸡蛋}/1.jpg")
any 240s: {saliency,confusion,layers,train,inspect} --data @IN/x <- files("{train,val}/c{1..2000}/0.jpg")
any: {saliency,confusion} --data @IN/x <- files("train/0_1.jpg train/Bread/1.jpg train/x.jpg val/0_1.jpg")
    files("{1,train/1,train/a/1,train/a/b/1}.jpg") | files("train/{0,Bread,Egg}/1.jpg") | files("train/{01,1}/1.jpg")
    files("val/{Egg,egg,EGG}/1.jpg") | files("validation/0_15.{jpg,png}") | files("{Train,train,TRAINING}/0_1.jpg")
    files("val/{a\\b,ab,a-b,++,--}/1.jpg") | files("{a/,}" * 9 + "{train,val}/{0,1}_1.jpg")
    files("a/" * 300 + "1.jpg")
any: {saliency,train} --data @IN/x <- files("train/{0,1}_1.jpg val/Bread/1.jpg") | files("train/{5,900}/1.jpg")
    files("train/{2021,2022}/{1,2}.jpg")
any: {saliency,report} --data @IN/x <- files("training/{0,1}_0.jpg training_masks/0_0.png")
    files("training/{0,1}_0.jpg training_masks")
fine: {saliency,layers} --data @IN/x <- files("a/b/c/d/e/train/{Bread,Egg}/1.jpg") | files("2023110{1..8}_123456.jpg")
    files("IMG_000{1..8}.jpg") | files("{1699999999_1,1700000000_2}.jpg")
fine: {saliency,confusion} --data @IN/x <- files("val/0_1.{jpg,JPG,Jpg}") | files("val/{.hidden,._0_1,0_1}.jpg")
    files("__MACOSX/val/._0_1.jpg val/{0,1}_1.jpg") | files("val/{1..5000}.txt val/{0,1}_1.jpg")
    files("{train,training,val,valid,test,eval}/0_1.jpg") | files("val/{Bread,Egg}/2023110{1..3}_1.jpg")
any *LABELS: {saliency,confusion,train} --data @IN/x <- files(f"{{training,validation}}/{{{each},0}}_1.jpg")
any *SPLIT_NAMES: {saliency,confusion} --data @IN/x <- {f"x/{each}/{k}_1.jpg": good("p.jpg") for k in "01"}
any *SPLITS: {inspect,saliency,confusion} --data @BASE/data --split @EACH
error 30s: {saliency,confusion,inspect} --data @IN/x <- path.touch() | os.mkfifo(path) | path.symlink_to("x")
any 30s: {saliency,confusion,inspect} --data @IN/x <- (path.mkdir(), (path / "x").symlink_to("."))
    (path.mkdir(), (path / "x").mkdir(), (path / "x/x").symlink_to("../x"))
any: {saliency,confusion,train} --data @IN/x <- shutil.copytree(base / "data/training", path / "val/caf\udce9")
"""
# While they are read, something becomes of the pictures, between the start of Python and the end of the run.
CHANGE = "for f in @IN/x/*/3_0.jpg; do {rm $f,: > $f,rm $f; mkdir $f,echo x > $f,cp $f $f.jpg,rm -rf @IN/x/*}; done"


def lines(_dice) -> Iterator[str]:
    for reader in ("saliency --ids 3_0 0_0", "lime --ids 3_0", "filters", "confusion", "inspect", "report"):
        line = f"(sleep {{1,2,3}}.{{0..9}}; {CHANGE}) & [{reader} --data @IN/x]; code=$?; wait; exit $code"
        yield f"any 90s +in: {line} <- shutil.copytree(base / 'data', path)"


def files(text: str) -> dict[str, bytes]:
    """Files in the folder `x` by their names, pictures where they are called so; a backslash is a blank."""
    data = encoded(tiles(), "JPEG")
    names = [name.replace("\\", " ") for part in text.split() for name in spread(part)]
    return {f"x/{name}": data if name.lower().endswith(".jpg") else b"x" for name in names}
