"""Frames -> the bytes of an animation."""

import io
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foodviz.errors import InputError

Kind = Literal["gif", "webp", "mp4"]
_LINGER = 8  # the last frame stays as long as this many others


def animate(frames: Sequence[NDArray[np.uint8]], kind: Kind, *, per_second: float = 8.0) -> bytes:
    """An animation that plays the frames and stays on the last for a moment; gif and webp start again.

    Args:
        frames: each (H, W, 3), all of one size.
        kind: gif (256 colours a frame), webp, or mp4 through an installed ffmpeg.
        per_second: frames.

    Raises:
        InputError: mp4 without an ffmpeg that can write it.
    """
    if kind == "mp4":
        return _mp4(frames, per_second)
    pictures = [Image.fromarray(frame) for frame in frames]
    length = round(1000 / per_second)
    file = io.BytesIO()
    options = {"quality": 90, "method": 4} if kind == "webp" else {"optimize": False}
    pictures[0].save(
        file,
        kind,
        save_all=True,
        append_images=pictures[1:],
        duration=[length] * (len(pictures) - 1) + [length * _LINGER],
        loop=0,
        **options,
    )
    return file.getvalue()


def check_encoder(kind: Kind) -> None:
    """Say that an animation cannot be written before any work is done.

    Raises:
        InputError: mp4 without ffmpeg.
    """
    if kind == "mp4" and shutil.which("ffmpeg") is None:
        raise InputError("`animate` mp4 needs ffmpeg, which is not installed here; `animate` webp or gif does not")


def _mp4(frames: Sequence[NDArray[np.uint8]], per_second: float) -> bytes:
    check_encoder("mp4")
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.mp4"
        command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pixel_format", "rgb24"]
        command += ["-video_size", f"{width}x{height}", "-framerate", f"{per_second:g}", "-i", "-"]
        # players want 4:2:0, which wants even sides; bitexact leaves the encoder's version and the date out
        command += ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", str(path)]
        pixels = b"".join(frame.tobytes() for frame in [*frames, *[frames[-1]] * (_LINGER - 1)])
        done = subprocess.run(command, input=pixels, capture_output=True, check=False)
        if done.returncode or not path.is_file():
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise InputError(f"ffmpeg could not write the mp4: {reason[-1] if reason else 'no reason given'}")
        return path.read_bytes()
