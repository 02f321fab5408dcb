"""The shell: `foodviz <command>`; commands are imported when they are asked for."""

import importlib
import io
import sys
from pathlib import Path
from typing import Any

import click

from foodviz.cli.failures import fail, leave_stdout
from foodviz.cli.options import with_flags
from foodviz.distributed import under_torchrun
from foodviz.errors import InputError, UsageError, nearest, out_of_memory
from foodviz.interrupts import after_imports
from foodviz.threads import wait_briefly
from foodviz.version import __version__

# What `foodviz --help` says of each command; the command is foodviz.cli.<name>.<name>.
COMMANDS = {
    "inspect": "What a checkpoint is, and proof that it is read right.",
    "layers": "The layers of a model: index, name, maps, receptive field, dead channels.",
    "saliency": "Which pixels the answer depends on: gradients, SmoothGrad, integrated gradients, Grad-CAM.",
    "activations": "What filters answer to photographs: their feature maps.",
    "filters": "What a filter looks for: a picture of it, photographs that excite it, what it responds to.",
    "atlas": "The whole net on pages: every layer with all its filters, every class.",
    "lime": "Which superpixels speak for a class and which against it; what a class is recognised by.",
    "dream": "What a photograph turns into when it climbs what a layer sees in it.",
    "embedding": "Which pictures a layer answers alike: t-SNE or PCA of its answers, coloured by class.",
    "confusion": "What the model takes for what over a whole split, and whether it had seen the pictures.",
    "reliance": "What the model relies on: one thing in the pictures changed at a time, the answers counted.",
    "evaluate": "Which method's maps to believe on this model: methods by measures over many pictures.",
    "report": "All of it as one page that opens anywhere.",
    "rerun": "Repeat the run that a manifest or a page tells of, and compare.",
    "sample": "Write the embedded sample data set as a Food-11 folder.",
    "train": "Train a classifier on a folder in a Food-11 layout.",
}
# Those whose processes under torchrun share the work.
SHARING = ("confusion", "evaluate", "filters", "reliance", "saliency", "train")


class LazyGroup(click.Group):
    """Lists every command from a table and imports one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"foodviz.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}; {nearest(args[0], COMMANDS)}", ctx)
        if args and args[0] in set(COMMANDS) - set(SHARING) and under_torchrun():
            raise UsageError(f"torchrun's processes share the work of {', '.join(SHARING)}; run {args[0]} without it")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="foodviz")
@click.option(
    "--config", type=click.Path(dir_okay=False), envvar="FOODVIZ_CONFIG", help="TOML file of defaults for the flags."
)
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """Shows what an image classifier trained on Food-11 has learned, and how far each picture can be trusted.

    Without --data and --model everything runs on the embedded sample.
    """
    if config:
        from foodviz.cli.config import read_config

        ctx.default_map = read_config(Path(config), ctx)


def main() -> None:
    """Run the command line; errors become one line and an exit code (1 for input, 2 for usage, 130 for Ctrl-C)."""
    for stream in (sys.stdout, sys.stderr):  # None where it is closed
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no such letter
    wait_briefly()
    try:
        with after_imports():
            cli.main(prog_name="foodviz", standalone_mode=False)
            if sys.stdout:
                sys.stdout.flush()
    except UsageError as error:
        fail(with_flags(str(error)), 2)
    except InputError as error:
        fail(with_flags(str(error)), 1)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.UsageError as error:
        context = f" (see `{error.ctx.command_path} --help`)" if error.ctx else ""
        fail(error.format_message().rstrip(".") + context, 2)
    except click.ClickException as error:
        fail(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        # Interrupted in an exec(), of which importing torch is full, CPython under -m would end itself by the signal
        # and not by the exit code; it forgets that with the next exec().
        exec("")
        fail("stopped", 130)
    except OSError as error:
        leave_stdout()
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        fail(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error), 1)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        fail("not enough memory for this; smaller or fewer pictures need less", 1)
