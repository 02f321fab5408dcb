"""`--ids 57 3207` for repeatable flags."""

import click

from foodviz.paths import exists, path_of


class GreedyCommand(click.Command):
    """A command whose repeatable flags take several values at once, `--ids 57 3207` or `--ids 57,3207`.

    click refuses nargs=-1 on options, so each value gets a flag of its own before click parses them.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = {flag for param in self.params if param.multiple for flag in param.opts}
        spelled_out: list[str] = []
        flag = None
        values = 0
        for arg in args:
            name, equals, value = arg.partition("=")
            if arg.startswith("--") and equals and name in repeatable:
                flag, values = name, 1
                spelled_out += [part for piece in _pieces(value) for part in (flag, piece)]
            elif arg.startswith("-") and not _negative(arg):
                if flag and not values:
                    spelled_out.append(flag)  # nothing followed it: click says so
                flag, values = (arg, 0) if arg in repeatable else (None, 0)
                if not flag:
                    spelled_out.append(arg)
            elif flag:
                spelled_out += [part for piece in _pieces(arg) for part in (flag, piece)]
                values += 1
            else:
                spelled_out.append(arg)
        if flag and not values:
            spelled_out.append(flag)
        return super().parse_args(ctx, spelled_out)


def _pieces(value: str) -> list[str]:
    if "," in value and exists(path_of(value)):  # a file's own name
        return [value]
    return [piece for piece in value.split(",") if piece] or [value]


def _negative(arg: str) -> bool:
    """Whether an argument that begins with a dash is a number, as in `--layer -1`."""
    return arg[1:].replace(".", "", 1).isdecimal()
