"""Whatever a picture file holds becomes RGB, or is named."""

import dataclasses
import io
import struct
import warnings
import zlib

import numpy as np
import PIL
import pytest
import torch
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from foodviz.data import open_dataset, open_files, pictures
from foodviz.data.batch import batches, read
from foodviz.data.pictures import decode, pixels
from foodviz.errors import InputError


def encoded(image: Image.Image, kind: str = "PNG", **settings) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


WRITES_YCBCR = pytest.mark.skipif(
    int(PIL.__version__.partition(".")[0]) < 13, reason="Pillow before 13 cannot read the YCbCr that it writes"
)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", pytest.param("YCbCr", marks=WRITES_YCBCR)]
)
def test_every_mode_becomes_rgb(mode):
    grey = Image.fromarray(np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    decoded = decode(encoded(image, kind), "a.png")
    assert decoded.mode == "RGB"
    expected = np.asarray(image.convert("RGB") if mode != "I;16" else grey.convert("RGB")).astype(int)
    assert np.abs(np.asarray(decoded).astype(int) - expected).max() <= 2


def test_transparency_is_laid_on_white():
    clear = Image.new("RGBA", (2, 2), (10, 20, 30, 0))
    assert decode(encoded(clear), "a").getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (2, 2), 0)
    assert decode(encoded(palette, transparency=0), "a").getpixel((0, 0)) == (255, 255, 255)


def test_exif_orientation_is_undone():
    image = Image.new("RGB", (4, 2))
    image.putpixel((0, 0), (255, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    turned = decode(encoded(image, exif=exif), "a")
    assert turned.size == (2, 4)
    assert turned.getpixel((1, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"just some words", "not a picture"),
        (encoded(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")[:900], "truncated"),
    ],
)
def test_what_is_no_picture_is_named(content, message):
    with pytest.raises(InputError, match=f"0_7.jpg: .*{message}"):
        decode(content, "0_7.jpg")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims that size and holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    parts = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "size", [(13000, 13000), (30000, 30000), (65535, 65535), (100000, 1700), (2**31 - 1, 2**31 - 1)]
)
def test_more_pixels_than_a_photograph_has_are_not_decoded(size):
    way = "make it smaller, or save it as JPEG, of which up to 256,000,000 are read reduced"
    with pytest.raises(InputError, match=rf"128,000,000 pixels; {way}$"):
        decode(png_header(*size), "x.png")


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG of one pixel that claims that size."""
    content = encoded(Image.new("RGB", (1, 1)), "JPEG")
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">HH", height, width) + content[place + 4 :]


@pytest.mark.parametrize("size", [(16384, 16384), (65500, 3910), (65500, 65500)])
def test_a_jpeg_of_more_pixels_than_are_read_reduced_is_not_decoded(size):
    with pytest.raises(InputError, match=r"is more than 256,000,000 pixels, the most that a JPEG is read reduced from"):
        decode(jpeg_header(*size), "x.jpg")


@pytest.mark.parametrize("size", [(20000, 10000), (16000, 16000), (65500, 3900), (12000, 11000)])
def test_a_large_jpeg_is_reduced_before_it_is_decoded(size, monkeypatch):
    asked = []
    monkeypatch.setattr(JpegImageFile, "load", lambda image: asked.append(image.size))
    monkeypatch.setattr(pictures, "_rgb", lambda image: image)
    monkeypatch.setattr(pictures.ImageOps, "exif_transpose", lambda image: image)
    decode(jpeg_header(*size), "x.jpg")
    ((width, height),) = asked
    assert width * height <= 32_000_000 < 4.1 * width * height
    assert width / height == pytest.approx(size[0] / size[1], rel=1e-3)


@pytest.mark.parametrize("settings", [{}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_reduced_jpeg_is_the_picture_in_small(mode, settings, monkeypatch):
    ramp = np.linspace(0, 255, 160 * 240).reshape(240, 160)
    image = Image.fromarray(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], -1).astype(np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    content = encoded(image, "JPEG", quality=95, exif=exif, **settings)
    whole = decode(content, "x")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 30_000)
    monkeypatch.setattr(pictures, "_REDUCED_TO", 4_000)
    small = decode(content, "x")
    assert (whole.size, small.size, small.mode) == ((240, 160), (60, 40), "RGB")
    difference = pixels(whole, (16, 24)).astype(int) - pixels(small, (16, 24))
    assert np.abs(difference).max() <= 8


def test_only_one_large_picture_is_decoded_at_a_time(tmp_path, monkeypatch):
    for place in range(6):
        Image.new("RGB", (40, 40), (place, 0, 0)).save(tmp_path / f"{place}.jpg")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    upright, inside, most = pictures._upright, [], []

    def watched(image):
        inside.append(image)
        most.append(len(inside))
        try:
            return upright(image)
        finally:
            inside.pop()

    monkeypatch.setattr(pictures, "_upright", watched)
    split = open_dataset(str(tmp_path)).split()
    assert sum(len(batch) for batch in batches(split, range(6), (8, 8))) == 6
    assert most == [1] * 6


def test_a_picture_of_a_hundred_million_pixels_is_one_without_a_warning():
    with pytest.raises(InputError, match="truncated"):
        decode(png_header(12000, 9000), "x.png")


def test_a_file_is_one_of_the_usual_kinds_whatever_its_name_says():
    image = Image.new("RGB", (4, 4), (200, 30, 60))
    for kind in ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF"):
        assert decode(encoded(image, kind), "x.jpg").size == (4, 4)
    program = encoded(image, "EPS")  # PIL would have another program run it
    with pytest.raises(InputError, match="not a picture"):
        decode(program, "x.jpg")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_named(value):
    values = np.full((8, 8), 0.5, np.float32)
    values[3, 4] = value
    for some in (values, np.full_like(values, value)):
        with pytest.raises(InputError, match="no numbers"):
            decode(encoded(Image.fromarray(some), "TIFF"), "x.tif")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "F", "I;16"])
def test_large_pictures_are_changed_in_strips_that_fit_together(mode, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 4), np.uint8)
    image = Image.fromarray(noise)
    settings = {}
    if mode == "F":
        image = Image.fromarray(noise[..., 0].astype(np.float32) / 300)
    elif mode == "I;16":
        image = Image.fromarray(noise[..., 0].astype(np.uint16) * 200)
    elif mode == "P":
        image, settings = image.convert("RGB").convert("P"), {"transparency": 3}
    else:
        image = image.convert(mode)
    content = encoded(image, "TIFF" if mode == "F" else "PNG", **settings)
    whole = np.asarray(decode(content, "x"))
    monkeypatch.setattr(pictures, "_ROWS", 7)
    assert (np.asarray(decode(content, "x")) == whole).all()


def test_decoding_in_threads_leaves_the_warning_filters_as_they_were(folder):
    before = list(warnings.filters)
    list(batches(folder, range(7), (8, 8), skipped=lambda _: None))
    assert warnings.filters == before


def test_what_a_damaged_file_says_is_shown_harmlessly():
    with pytest.raises(InputError) as caught:
        decode(b"\x89PNG\r\n\x1a\n" + b"\x1b[31m" * 40, "\x1b[31m.png")
    assert str(caught.value).isprintable()


def test_resize_is_torchvisions_and_plain_is_bilinear_without_averaging():
    transforms = pytest.importorskip("torchvision.transforms")
    image = Image.effect_noise((50, 40), 80).convert("RGB")
    theirs = transforms.Resize((16, 24))(image)
    assert (pixels(image, (16, 24)) == np.asarray(theirs)).all()
    plain = torch.from_numpy(pixels(image, (16, 24), "plain").copy()).permute(2, 0, 1).float()
    source = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None].float()
    expected = torch.nn.functional.interpolate(source, (16, 24), mode="bilinear", align_corners=False)[0]
    assert (plain - expected).abs().max() <= 1


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "training").mkdir()
    for place in range(7):
        Image.new("RGB", (20 + place, 30), (place * 30, 0, 0)).save(tmp_path / "training" / f"{place}_0.png")
    (tmp_path / "training" / "3_0.png").write_bytes(b"")
    return open_dataset(str(tmp_path)).split()


def test_a_batch_holds_the_pictures_in_the_order_asked_for(folder):
    batch = read(folder, [5, 0], (8, 6))
    assert batch.images.shape == (2, 3, 8, 6)
    assert batch.images.dtype == torch.float32
    assert batch.images[0, 0, 0, 0] == pytest.approx(150 / 255)
    assert batch.labels.tolist() == [5, 0]
    assert batch.names == ("training/5_0.png", "training/0_0.png")
    assert batch.images.is_contiguous() or batch.images.permute(0, 2, 3, 1).is_contiguous()


def test_a_broken_picture_is_named_when_asked_for_and_counted_in_a_stream(folder):
    with pytest.raises(InputError, match=r"training/3_0\.png: the file is empty"):
        read(folder, [3], (8, 8))
    skipped = []
    stream = list(batches(folder, range(7), (8, 8), batch_size=4, skipped=skipped.append))
    assert [batch.ids for batch in stream] == [(0, 1, 2, 4), (5, 6)]
    assert skipped == ["training/3_0.png: the file is empty"]
    with pytest.raises(InputError, match="empty"):
        list(batches(folder, range(7), (8, 8)))


def test_a_last_batch_whose_end_is_broken_is_not_lost(folder):
    stream = list(batches(folder, [0, 1, 2, 3], (8, 8), batch_size=2, skipped=lambda _: None))
    assert [batch.ids for batch in stream] == [(0, 1), (2,)]


@pytest.mark.usefixtures("folder")
def test_any_file_can_be_read(tmp_path):
    files = open_files([str(tmp_path / "training" / "1_0.png")])
    batch = read(files, [0], (8, 8))
    assert batch.names == files.names
    assert batch.labels.tolist() == [-1]
    assert batch.ids == (-1,)
    with pytest.raises(InputError, match=r"`image` .*gone\.png: no such file"):
        open_files([str(tmp_path / "gone.png")])


def photograph(width, height):
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (64, 64), (500, 33)])
def test_crop_is_torchvisions_usual_resize_and_centre_crop(size):
    from torchvision import transforms

    image = photograph(*size)
    theirs = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])(image)
    assert np.array_equal(pixels(image, (224, 224), fit="crop"), np.asarray(theirs))
    oblong = pixels(image, (90, 160), fit="crop")
    assert oblong.shape == (90, 160, 3)


@pytest.mark.parametrize("size", [(40, 20), (20, 40), (7, 100)])
def test_pad_keeps_the_whole_picture_in_its_proportion(size):
    white = Image.new("RGB", size, "white")
    padded = pixels(white, (64, 64), fit="pad")
    rows, columns = (padded[..., 0] > 127).any(1).sum(), (padded[..., 0] > 127).any(0).sum()
    assert max(rows, columns) == 64
    assert columns / rows == pytest.approx(size[0] / size[1], rel=0.15)
    assert set(np.unique(padded)) == {0, 255}
    assert np.array_equal(padded, padded[::-1, ::-1])  # in the middle


def test_what_fits_is_left_as_it_is():
    image = photograph(32, 32)
    for fit in ("squash", "pad"):
        assert np.array_equal(pixels(image, (32, 32), fit=fit), np.asarray(image))


def test_a_mask_goes_with_its_picture():
    """The sample's foods are where their masks are, however pictures are brought to a size."""
    masks = []
    for fit in ("squash", "crop", "pad"):
        split = open_dataset(fit=fit).split("training")
        where, mask = split.region(57, (96, 96))
        assert where == "the food"
        masks.append(mask.mean())
        whole = dataclasses.replace(split, draw_mask=lambda _: np.ones((50, 100), bool)).region(57, (96, 96))[1]
        assert whole.mean() == (0.5 if fit == "pad" else 1)
    assert masks[1] > masks[0]  # larger: the borders are cut off
    assert len({open_dataset(fit=fit).split("training").fingerprint for fit in ("squash", "crop", "pad")}) == 3
