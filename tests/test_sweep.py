"""The pass over a split: whatever it gathers, what a killed one had done is not done again."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from foodviz.analysis import sweep as pass_of
from foodviz.analysis.subject import Subject
from foodviz.analysis.sweep import gather, sweep
from foodviz.data import Split, open_dataset
from foodviz.distributed import StoreGone
from foodviz.errors import InputError

SIZE = (8, 8)


class Killed(BaseException):
    pass


def picture(index: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), (index * 7, 10, 20)).save(stream, "PNG")
    return stream.getvalue()


def split_of(count: int, broken: tuple[int, ...] = ()) -> Split:
    names = tuple(f"{index:02}.png" for index in range(count))

    def content(name: str) -> bytes:
        return b"no picture" if names.index(name) in broken else picture(names.index(name))

    return Split("here", "training", names, (-1,) * count, ("a",), content, stamp=lambda: str((count, broken)))


class Sums:
    """A tally that is no row a picture: how many pictures, and the sum of all values."""

    def __init__(self, seen: list[int], limit: int = 1000) -> None:
        self.seen, self.limit = seen, limit
        self.count, self.sum = 0, 0.0

    def add(self, batch):
        if len(self.seen) + len(batch) > self.limit:
            raise Killed
        self.seen += batch.ids
        self.count += len(batch)
        self.sum += float(batch.images.sum())

    def arrays(self):
        return {"count": np.array(self.count), "sum": np.array(self.sum)}


@pytest.fixture
def remarks() -> list[str]:
    """What the pass says."""
    return []


@pytest.fixture
def subject(monkeypatch, tmp_path, remarks):
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "cache"))
    return Subject(open_dataset(), lambda _: pytest.fail("no model is needed"), say=remarks.append)


def summed(subject, split, seen, limit=1000, batches=2):
    parts, skipped = gather(
        subject, split, range(len(split)), SIZE, lambda: Sums(seen, limit), kind="sums", key=["k"], batch=4,
        batches=batches,
    )  # fmt: skip
    return sum(int(part["count"]) for part in parts), sum(float(part["sum"]) for part in parts), skipped


@pytest.mark.parametrize("broken", [(), (0, 9), tuple(range(16, 23))])
def test_a_killed_tally_goes_on_and_ends_as_if_nothing_had_been(subject, broken, monkeypatch, tmp_path):
    split, seen = split_of(23, broken), []
    with pytest.raises(Killed):
        summed(subject, split, seen, limit=14 - len([index for index in broken if index < 16]))
    kept, lost = range(8), seen[8 - len([index for index in broken if index < 8]) :]
    assert len(lost) == 4  # the first batch of the second part
    count, total, skipped = summed(subject, split, seen)
    assert count == 23 - len(broken)
    assert len(skipped) == len(broken)
    assert sorted(seen) == sorted([*set(range(23)) - set(broken), *lost])
    assert not set(lost) & set(kept)
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "fresh"))
    assert summed(subject, split, []) == (count, total, skipped)
    again: list[int] = []
    assert summed(subject, split, again) == (count, total, skipped)
    assert not again


def test_a_killed_sweep_goes_on_to_the_same_rows(subject, monkeypatch, tmp_path):
    monkeypatch.setattr(pass_of, "BATCH", 4)
    monkeypatch.setattr(pass_of, "BATCHES", 2)
    split, counter = split_of(22, (5,)), itertools.count()

    def dying(images):
        if next(counter) == 4:
            raise Killed
        return images.mean((2, 3)).numpy()

    def rows(work):
        return sweep(subject, split, range(22), SIZE, work, kind="means", key=[])

    with pytest.raises(Killed):
        rows(dying)
    resumed = rows(dying)
    assert next(counter) == 4 + 1 + 2  # four batches, the one it died in, and the two that were left
    assert resumed.ids.tolist() == [index for index in range(22) if index != 5]
    assert [reason.partition(":")[0] for reason in resumed.skipped] == ["training/05.png"]
    monkeypatch.setenv("FOODVIZ_CACHE", str(tmp_path / "fresh"))
    fresh = rows(lambda images: images.mean((2, 3)).numpy())
    for name in ("ids", "values", "digests", "skipped"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(fresh, name))


def test_what_cannot_be_read_is_said_also_when_the_rest_is_kept(subject, remarks):
    split = split_of(9, (2, 3))
    for _ in range(2):
        remarks.clear()
        summed(subject, split, [])
        assert remarks[0] == "left out 2 of 9 pictures that cannot be read:"
        assert len(remarks) == 3
    with pytest.raises(InputError, match=r"`data` here: no picture in training can be read, first training/00\.png"):
        summed(subject, split_of(3, (0, 1, 2)), [])


def test_a_part_that_was_damaged_is_made_again(subject, tmp_path):
    split, seen = split_of(12), []
    whole = summed(subject, split, seen, batches=1)
    files = sorted((tmp_path / "cache/sums").iterdir())
    assert len(files) == 3
    content = files[1].read_bytes()
    files[1].write_bytes(content[:-9] + b"x" + content[-8:])
    assert summed(subject, split, seen, batches=1) == whole


def test_where_the_first_process_is_gone_its_parts_are_taken_if_all_are_kept(subject, monkeypatch):
    split = split_of(20)

    class Gone:
        def __init__(self, _pieces, _seen) -> None:
            pass

        def __iter__(self):
            raise StoreGone("the first process does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(pass_of, "shared_queue", Gone)
        with pytest.raises(StoreGone):
            summed(subject, split, [])
    expected = summed(subject, split, [])
    monkeypatch.setattr(pass_of, "shared_queue", Gone)
    seen: list[int] = []
    assert summed(subject, split, seen) == expected
    assert seen == []
