"""`foodviz sample`: the embedded sample data set as files."""

from pathlib import Path

import click

from foodviz.cli.options import GreedyCommand, option
from foodviz.errors import InputError


@click.command(cls=GreedyCommand)
@option("--out", type=click.Path(file_okay=False), required=True, help="Folder for the data set.")
@option("--split", multiple=True, help="Splits to write.  [default: all three]")
@option("--limit", type=click.IntRange(min=1), help="Only the first so many pictures of each class and split.")
@option("--masks", is_flag=True, help="Also write each picture's object mask to <split>_masks/<name>.png.")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def sample(out: str, split: tuple[str, ...], limit: int | None, masks: bool, quiet: bool) -> None:
    """Write the embedded sample data set as a Food-11 folder.

    Drawn pictures under Food-11's own names and counts: read with --data OUT they have the same ids as the sample.
    With --limit the folder is smaller and its ids are its own.
    """
    from foodviz.cli.progress import progress
    from foodviz.data import open_dataset
    from foodviz.data.folders import SPLITS, masks_folder
    from foodviz.results import write_bytes

    for listing in [open_dataset().split(name) for name in split or SPLITS]:
        folder = Path(out) / listing.name
        if folder.is_dir() and any(folder.iterdir()) and not (folder / listing.names[0]).exists():
            raise InputError(f"--out {out}: {folder} holds other files; choose an empty folder")
        wanted = [i for i, name in enumerate(listing.names) if limit is None or _number(name) < limit]
        for index in progress(wanted, f"writing {listing.name}", quiet=quiet):
            write_bytes(folder / listing.names[index], listing.read_bytes(index))
            if masks:
                target = masks_folder(folder) / f"{Path(listing.names[index]).stem}.png"
                write_bytes(target, _png(listing.mask(index)))
        if not quiet:
            click.echo(f"{folder}  {len(wanted)} pictures")


def _number(name: str) -> int:
    return int(Path(name).stem.partition("_")[2])


def _png(mask: object) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, format="PNG")  # type: ignore[arg-type]
    return stream.getvalue()
