"""`python watched.py FOLDER`: reads strangers' files with an audit hook that ends what runs code, connects or writes.

FOLDER/attempts.json names the loaders and what each is given; FOLDER/answers.json says what came of each. The hook
cannot be taken back, so this is a process of its own.
"""

import contextlib
import io
import json
import os
import socket
import sys
import sysconfig
import traceback
from pathlib import Path

FORBIDDEN = (
    *("socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "os.fork", "os.spawn", "webbrowser."),
    *("urllib.", "http.", "ftplib.", "smtplib."),
)
CHANGES = (
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.chmod",
    "shutil.",
)
HERE = Path(__file__).resolve().parent
OURS = tuple(
    str(Path(folder).resolve()) + os.sep
    for folder in {
        *(HERE.parent / "foodviz", *map(sysconfig.get_path, ("stdlib", "platstdlib"))),
        # those of an environment that this one looks into, too
        *(folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages")),
    }
)


class Forbidden(BaseException):
    """No `except Exception` of a reader hides it."""


class Watch:
    """The hook: asleep until `watching`; keeps in `seen` what it ended.

    Args:
        written: folders that may be written to.
    """

    def __init__(self, written):
        self.written = tuple(f"{Path(folder).resolve()}{os.sep}" for folder in written)
        self.watching = False
        self.seen = []
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if not self.watching:
            return
        fault = self.fault(event, arguments)
        if fault:
            self.seen.append(fault)
            raise Forbidden(fault)

    def fault(self, event, arguments):
        """What is forbidden of an event, "" where nothing is."""
        self.watching, before = False, self.watching  # what is asked here makes events, too
        try:
            if event.startswith(FORBIDDEN):
                return f"{event} {arguments[:1]}"
            if event.startswith(CHANGES):  # by a folder's number: a part of a removal that began with the folder
                by_number = isinstance(arguments[0], int) or (isinstance(arguments[-1], int) and arguments[-1] > 2)
                return "" if by_number or self._ours(arguments[0]) else f"{arguments[0]} written ({event})"
            if event == "exec":
                return self._of_code(getattr(arguments[0], "co_filename", ""))
            if event == "import" and arguments[1]:  # an extension module; a source shows when it is executed
                return self._of_code(arguments[1])
            if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
                mode, flags = arguments[1] or "", arguments[2] or 0
                writes = set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR)
                return f"{arguments[0]} written" if writes and not self._ours(arguments[0]) else ""
            return ""
        finally:
            self.watching = before

    def _ours(self, path):
        whole = str(Path(os.fsdecode(path)).resolve())
        return f"{whole}{os.sep}".startswith(self.written) or whole == os.devnull or "__pycache__" in whole

    def _of_code(self, file):
        known = file.startswith("<") or str(Path(file).resolve()).startswith(OURS)
        return "" if known else f"code of {file}"


def read_pictures(path):
    """Every picture of every split of a folder."""
    from foodviz.data import open_dataset
    from foodviz.data.batch import read

    for split in open_dataset(path).splits():
        read(split, split.spread(4), (64, 64))


def open_whole_subject(path):
    from foodviz import open_subject

    subject = open_subject(model=path)
    subject.classifier  # noqa: B018


def compare(path):
    """`rerun` to compare; what it finds different counts as refused."""
    from foodviz import rerun
    from foodviz.errors import InputError

    found = rerun(path, check=True)
    if found.differences:
        raise InputError("; ".join(found.differences))


def ask_for_a_socket(_):
    socket.socket()


def command(line):
    """A command line as a user calls it; its errors as an InputError."""
    from foodviz import cli
    from foodviz.errors import InputError

    sys.argv = ["foodviz", *line.split("\t")]
    err = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as leave:
            if leave.code:
                raise InputError(err.getvalue().strip().split("\n")[-1]) from None


def loaders():
    """What is tried, by name."""
    from foodviz import load_model, rerun
    from foodviz.analysis.report import Writing
    from foodviz.data import open_files
    from foodviz.data.batch import read
    from foodviz.models.files.weights import read_checkpoint

    return {
        "load_model": lambda path: load_model(path).identity,
        "load_model, code allowed": lambda path: load_model(path, allow_code=True),
        "load_model, own architecture": lambda text: load_model("sample", arch=text),
        "read_checkpoint": read_checkpoint,
        "open_subject": open_whole_subject,
        "open_dataset": read_pictures,
        "open_files": lambda path: read(open_files([path]), [0], (64, 64)),
        "rerun": lambda path: rerun(path, Writing(Path("again"))),
        "rerun, check": compare,
        "command": command,
        "socket": ask_for_a_socket,
    }


def files(folder):
    """When each file of a folder was changed last."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def main(folder):
    os.chdir(folder)
    watch = Watch([os.environ["FOODVIZ_CACHE"], os.environ["TMPDIR"], folder / "again"])
    command("saliency\t--ids\t57\t--dpi\t40\t--out\tfirst")  # imports what the commands need, unwatched
    (folder / "again").mkdir(exist_ok=True)  # whether a folder can be written to is looked at from the one above it
    answers = []
    tried = loaders()
    for loader, argument in json.loads((folder / "attempts.json").read_text()):
        before = files(folder)
        watch.seen.clear()
        watch.watching, answer = True, "opened"
        try:
            tried[loader](argument)
        except Forbidden:
            answer = "ended"
        except Exception as error:
            watch.watching = False
            expected = type(error).__name__ in ("InputError", "UsageError")
            answer = f"refused: {error}" if expected else traceback.format_exc()
        except SystemExit:
            answer = "code ran"
        watch.watching = False
        changed = [path for path, time in files(folder).items() if time != before.get(path)]
        answers.append([answer, list(watch.seen), [each for each in changed if not each.startswith(watch.written)]])
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
