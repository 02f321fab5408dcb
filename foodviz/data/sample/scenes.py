"""Pictures of the embedded sample data set: drawn food on procedural tables, each with its exact mask.

Everything about a picture follows from its split and file name; nothing is stored but the art. A scene is laid
down from the table upwards (table top, tableware, food with shadows), lit as a whole, then photographed (blur, noise,
white balance, JPEG). Pixels are kept as planes (3, H, W): numpy is several times quicker on long rows.
"""

import hashlib
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from foodviz.data.sample import cutouts
from foodviz.data.sample.camera import SIZE, Plane, photograph
from foodviz.data.sample.cutouts import Art
from foodviz.data.sample.surfaces import smooth_field
from foodviz.data.sample.tabletops import VIEW, VIEWS, coefficients, view
from foodviz.data.sample.tableware import Layer, board, napkin, plate

_GREY = np.array([[[0.3]], [[0.59]], [[0.11]]], np.float32)
# Shadows are not grey: the light left in them is the cooler light of the room.
_SHADOW_HUE = np.array([[[1.0]], [[0.95]], [[0.88]]], np.float32)
_MASKS = 1024  # that stay at hand, 2 KB each
_masks: dict[tuple[str, str], bytes] = {}
_keeping = Lock()
_REACH = 24  # pixels a shadow may extend beyond what casts it, a multiple of 4


def _start(split: str, name: str) -> tuple[np.random.Generator, Art]:
    """The picture's source of chance and its main food, the first thing drawn from it."""
    if split not in cutouts.SPLITS:
        raise ValueError(f"no split '{split}' in the sample (there are: {', '.join(cutouts.SPLITS)})")
    number = name.partition("_")[0]
    if not number.isdecimal() or int(number) not in cutouts.catalogue():
        raise ValueError(f"'{name}' does not begin with a class number from 0 to 10 and '_'")
    digest = hashlib.sha256(f"{split}/{name}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    return rng, cutouts.pick(rng, split, int(number))


class _Scene:
    """A picture in the making: `canvas` (3, SIZE, SIZE) in [0, 255] and `main` (SIZE, SIZE), visible main food."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.main: Plane = np.zeros((SIZE, SIZE), np.float32)
        # Light falls in from behind or from a side, seldom from the front; angle in picture coordinates.
        self.light = float(rng.uniform(-np.pi, np.pi) if rng.random() < 0.3 else rng.uniform(-2.9, -0.25))
        self.length = float(rng.uniform(0.02, 0.075))  # of shadows, in parts of the size of what casts them
        self.darkness = float(rng.uniform(0.32, 0.62))
        pixels, self.slant = view(int(rng.integers(VIEWS)))
        row, column = rng.integers(0, VIEW - SIZE, 2)
        part = pixels[row : row + SIZE, column : column + SIZE][:, :: -1 if rng.random() < 0.5 else 1].transpose(
            2, 0, 1
        )
        tint = rng.normal(1, 0.04, (3, 1, 1)) * rng.uniform(0.92, 1.1)
        self.canvas: Plane = np.multiply(part, tint, dtype=np.float32, order="C")

    def _shadow(self, left: int, top: int, alpha: Plane, size: float, length: float) -> None:
        """Darken the canvas where something with `alpha` (h, w) at (left, top) keeps the light away.

        `size` is how wide the thing is and `length` how far its shadow falls, both in pixels.
        """
        height, width = (alpha.shape[0] + 2 * _REACH + 3) // 4, (alpha.shape[1] + 2 * _REACH + 3) // 4
        solid = (alpha * np.float32(255)).astype(np.uint8)
        parts = []
        for way in (1.5, length):
            y, x = _REACH - round(np.sin(self.light) * way), _REACH - round(np.cos(self.light) * way)
            whole = np.zeros((height * 4, width * 4), np.uint8)
            whole[y : y + alpha.shape[0], x : x + alpha.shape[1]] = solid
            parts.append(Image.fromarray(whole).reduce(4))
        contact, cast = parts
        soft = ImageFilter.BoxBlur(max(1.0, size / 45 + length / 8))
        both = Image.blend(contact, cast.filter(soft).filter(soft), 0.55)
        both = both.resize((width * 4, height * 4), Image.Resampling.BILINEAR)
        x0, y0 = left - _REACH, top - _REACH
        x1, y1, x2, y2 = max(x0, 0), max(y0, 0), min(x0 + width * 4, SIZE), min(y0 + height * 4, SIZE)
        dark = np.asarray(both)[y1 - y0 : y2 - y0, x1 - x0 : x2 - x0] * np.float32(self.darkness / 255)
        self.canvas[:, y1:y2, x1:x2] *= 1 - dark * _SHADOW_HUE

    def lay(self, thing: Layer, size: float) -> None:
        """Put tableware `size` pixels wide on the table."""
        colour, coverage = thing
        self._shadow(0, 0, coverage, size, size * self.length * 0.5)
        self.canvas += (colour - self.canvas) * coverage

    def serve(self, art: Art, centre: tuple[float, float], side: float, *, is_main: bool) -> None:
        """Put a food about `side` pixels wide around `centre` (x, y), turned as its drawing allows."""
        rng = self.rng
        points, fill = cutouts.outline(art.file)
        side *= min(max((0.6 / fill) ** 0.5, 0.9), 1.22)  # slender drawings would come out small
        upright = art.codepoint in cutouts.UPRIGHT
        angle = rng.normal(0, 0.13) if upright else rng.uniform(-np.pi, np.pi)
        level = 0 if side > 76 else 1 if side > 38 else 2
        source = cutouts.level(art.file, level)
        scale = cutouts.EXTENT / 2**level / side
        squash = 1 - (1 - self.slant) * (0.35 if upright else 0.9)
        mirror = -1.0 if rng.random() < 0.5 else 1.0
        cosine, sine, middle = np.cos(angle) * scale, np.sin(angle) * scale, source.width / 2
        bend = rng.uniform(-0.16, 0.16, 2) / side
        turn = np.array([[mirror * cosine, mirror * sine, middle], [-sine, cosine, middle], [0, 0, 1]])
        to_art = turn @ np.array([[1, 0, 0], [0, 1 / squash, 0], [bend[0], bend[1], 1]])
        ends = np.linalg.inv(to_art) @ np.vstack([points.T / 2**level, np.ones(len(points))])
        ends = ends[:2] / ends[2] + np.array(centre)[:, None]
        left, top = np.maximum(np.floor(ends.min(1)).astype(int) - 3, 0).tolist()
        right, bottom = np.minimum(np.ceil(ends.max(1)).astype(int) + 3, SIZE).tolist()
        if right - left < 4 or bottom - top < 4:
            return
        shift = np.array([[1, 0, left - centre[0]], [0, 1, top - centre[1]], [0, 0, 1]])
        cut = source.transform(
            (right - left, bottom - top),
            Image.Transform.PERSPECTIVE,
            coefficients(to_art @ shift),
            Image.Resampling.BILINEAR,
        )
        planes = np.asarray(cut).transpose(2, 0, 1).astype(np.float32, order="C")
        alpha = planes[3] * np.float32(1 / 255)
        self._shadow(left, top, alpha, side, side * self.length)
        window = np.s_[..., top:bottom, left:right]
        below = 1 - alpha
        self.canvas[window] *= below
        self.canvas[window] += self._shaded(planes[:3], planes[3], side)
        self.main[window] *= below
        if is_main:
            self.main[window] += alpha

    def _shaded(self, colour: Plane, alpha: Plane, side: float) -> Plane:
        """Premultiplied `colour` made rounder and less even: lit edge, dark edge, patches, a cast of its own."""
        rng = self.rng
        height, width = alpha.shape
        small = Image.fromarray(alpha.astype(np.uint8)).resize((width // 4 + 1, height // 4 + 1))
        soft = ImageFilter.BoxBlur(max(1.0, side / 45))
        dome = np.asarray(small.filter(soft).filter(soft), np.float32)
        slope_y, slope_x = np.gradient(dome)
        bump = (slope_x * np.float32(np.cos(self.light)) + slope_y * np.float32(np.sin(self.light))) * np.float32(
            -side / 40 * 0.011
        )
        patches = smooth_field(rng, 4, 4, *dome.shape) * np.float32(0.04)
        shade = Image.fromarray(1 + np.clip(bump, -0.32, 0.26) + patches)
        grey = (colour * _GREY).sum(0)
        colour += (grey - colour) * np.float32(rng.uniform(-0.06, 0.18))
        cast = rng.normal(1, 0.045, (3, 1, 1)) * rng.uniform(0.9, 1.1)
        colour *= np.asarray(shade.resize((width, height), Image.Resampling.BILINEAR))
        colour *= cast.astype(np.float32)
        return np.clip(colour, 0, alpha, out=colour)


def _set_table(scene: _Scene, art: Art, centre: tuple[float, float], side: float) -> None:
    """Plate, board, napkin or nothing under the main food; now and then a napkin under the plate too."""
    rng = scene.rng
    shares = (0.1, 0.25, 0.25, 0.4) if art.codepoint in cutouts.DISHED else (0.52, 0.18, 0.12, 0.18)
    kind = rng.choice(4, p=shares)
    spot = (centre[0] + rng.normal(0, 3), centre[1] + side * 0.05 + rng.normal(0, 3))
    radius = side * rng.uniform(0.6, 0.78)
    if kind == 0 and rng.random() < 0.25:
        aside = (spot[0] + rng.normal(0, 20), spot[1] + rng.normal(0, 20))
        scene.lay(napkin(rng, SIZE, aside, radius * 1.1, scene.slant, scene.light), 12)
    if kind < 3:
        make, thickness = ((plate, radius), (board, radius * 0.8), (napkin, 12.0))[kind]
        scene.lay(make(rng, SIZE, spot, radius, scene.slant, scene.light), thickness)


def _composed(split: str, name: str) -> _Scene:
    """The unlit scene of picture `name`."""
    rng, art = _start(split, name)
    scene = _Scene(rng)
    pieces = 1 if art.codepoint in cutouts.DISHED else int(rng.choice([1, 2, 3], p=[0.8, 0.12, 0.08]))
    side = SIZE * rng.uniform(0.46, 0.73)
    room = max(8.0, min(34.0, SIZE * 0.5 - side * 0.46))
    centre = (SIZE / 2 + rng.uniform(-room, room), SIZE / 2 + rng.uniform(-room, room))
    _set_table(scene, art, centre, side)
    first = rng.uniform(0, 2 * np.pi)
    beside: list[tuple[Art, tuple[float, float], float]] = []
    above: list[tuple[Art, tuple[float, float], float]] = []
    for number in range(int(rng.choice(4, p=[0.24, 0.34, 0.27, 0.15]))):
        other = cutouts.pick(rng, split, int((art.class_id + rng.integers(1, 11)) % 11))
        small = side * rng.uniform(0.36, 0.58) * (0.85 if pieces > 1 else 1)
        way = first + number * 2.1 + rng.uniform(-0.5, 0.5)
        far = (side + small) * 0.43 * rng.uniform(0.88, 1.3)
        x, y = np.clip((centre[0] + far * np.cos(way), centre[1] + far * np.sin(way) * scene.slant), 6, SIZE - 6)
        (above if rng.random() < 0.4 else beside).append((other, (float(x), float(y)), float(small)))
    for other, spot, small in beside:
        scene.serve(other, spot, small, is_main=False)
    for number in range(pieces):
        way, far = first + number * 2 * np.pi / pieces, 0.0 if pieces == 1 else side * (0.22 + 0.05 * pieces)
        spot = (centre[0] + far * np.cos(way), centre[1] + far * np.sin(way) * scene.slant)
        scene.serve(art, spot, side if pieces == 1 else side * rng.uniform(0.62, 0.74), is_main=True)
    for other, spot, small in above:
        scene.serve(other, spot, small, is_main=False)
    return scene


def main_art(split: str, name: str) -> Art:
    """The art of the main food in picture `name` of `split`; ValueError for an unknown split or class."""
    return _start(split, name)[1]


def picture(split: str, name: str) -> bytes:
    """JPEG (SIZE x SIZE, RGB) of picture `name`, such as "0_15.jpg", of `split`.

    The class is the number before '_'. Raises ValueError for an unknown split or class.
    """
    scene = _composed(split, name)
    _keep(split, name, scene)
    return photograph(scene.canvas, scene.light, scene.rng)


def mask(split: str, name: str) -> NDArray[np.bool_]:
    """Where the main food is visible in `picture(split, name)`: (SIZE, SIZE) bool, foods in front of it cut out.

    Raises ValueError for an unknown split or class.
    """
    bits = _masks.get((split, name)) or _keep(split, name, _composed(split, name))
    return np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(SIZE, SIZE).astype(bool)


def _keep(split: str, name: str, scene: _Scene) -> bytes:
    """The mask of a scene, a bit a pixel, which stays at hand: mostly the picture is drawn first, then its mask."""
    bits = np.packbits(scene.main > 0.5).tobytes()
    with _keeping:
        _masks[split, name] = bits
        if len(_masks) > _MASKS:
            del _masks[next(iter(_masks))]
    return bits
