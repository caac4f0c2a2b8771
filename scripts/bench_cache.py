"""How fast pictures pass a training's first and second epoch, and how much memory that takes.

python -m scripts.bench_cache [--quick] [--pictures N] [--folder DIR]

Files of 1280x1024, two thirds JPEG and one third PNG, are made in a temporary folder and removed afterwards. No two are
alike to the cache, which knows them by their content: each is one of a few drawings with a remark of its own. Exit 1
unless the first epoch decodes each once and the second none.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.geometry_entry import GeometrySpec
from models.picture_file import whole_size
from training.config import TrainConfig
from training.data.cache import Cache
from training.data.cache_place import cache_files
from training.data.dataset import DataSet, Picture, open_dataset
from training.data.epochs import Epochs, EpochState
from training.data.pictures import Pictures, decode_known, room_for_whole
from training.framing import geometry_for, settle
from training.progress import Progress
from training.side_by_side import in_order
from training.sights import Sights
from training.tensors import worth_keeping

_SIZE = (1280, 1024)
_DRAWINGS = 24
_BATCH = 32
_COMPARED = 200


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 pictures")
    parser.add_argument("--folder", type=Path, help="where there is room for them; the system's temporary one")
    asked = parser.parse_args(arguments)
    count = 300 if asked.quick else asked.pictures
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="okng bench ") as folder:
        return _bench(Path(folder), count)


def _bench(folder: Path, count: int) -> int:
    _timed("made", count, lambda: _write(folder / "data" / "good", count))
    files = sum(path.stat().st_size for path in (folder / "data" / "good").iterdir())
    decoded, seconds = [], []
    for epoch in (1, 2):
        started = time.monotonic()
        data, sights, pictures = _look(folder)
        seconds.append(time.monotonic() - started)
        decoded.append(pictures.decoded)
        _say(f"epoch {epoch}: {_rate(count, seconds[-1])}, decoded {pictures.decoded}, {_memory()}")
    rows = [sights.of(picture).inputs[0] for picture in data.good]
    with Epochs(rows, _BATCH, EpochState(0)) as epochs:
        batches = -(-count // _BATCH)
        mapped = _timed("batches from the map", count, lambda: sum(1 for _ in islice(epochs, batches)))
    few = data.good[:_COMPARED]
    alone = _timed("decoded by 1 thread", len(few), lambda: _decode(few, 1))
    together = _timed("decoded by 2 threads", len(few), lambda: _decode(few, 2))
    held = sum(status.st_blocks * 512 for _, status in cache_files(folder / "cache"))
    _say(f"files {files / 1e6:.0f} MB, cache {held / 1e6:.0f} MB, {_memory()}")
    _say(f"second epoch: {seconds[0] / seconds[1]:.1f} times as fast as the first")
    _say(f"batches: {alone / len(few) / (mapped / count):.0f} times as fast as decoding by one thread")
    _say(f"two threads: {alone / together:.2f} times as fast as one")
    return 0 if decoded == [count, 0] else 1


def _look(folder: Path) -> tuple[DataSet, Sights, Pictures]:
    """What a training does before its network sees anything."""
    config = TrainConfig(geometry=GeometrySpec())
    data = open_dataset(folder / "data", size_of=whole_size)
    store = Cache(folder / "cache", _say, 8 * 10**9)
    pictures = Pictures(store, worth_keeping(data, room_for_whole(store, data.size)))
    geometry = geometry_for(settle(config.geometry, data, pictures.read), config.input_size(data.size))
    sights = Sights(geometry, data, None, pictures, store)
    sights.prepare(data, Progress(sys.stderr))
    return data, sights, pictures


def _decode(pictures: tuple[Picture, ...], threads: int) -> int:
    return sum(image.shape[0] for image in in_order(decode_known, pictures, threads))


def _timed(what: str, count: int, work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    took_s = time.monotonic() - started
    _say(f"{what}: {_rate(count, took_s)}")
    return took_s


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _rate(count: int, seconds: float) -> str:
    return f"{count} in {seconds:.1f} s ({count / seconds:.0f}/s)"


def _memory() -> str:
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if line[:3] == "Rss")
    own, mapped = (int(told[name].split()[0]) / 1e3 for name in ("RssAnon", "RssFile"))
    return f"memory {own:.0f} MB of its own and {mapped:.0f} MB of mapped files"


def _write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    drawings = [*_drawings(min(count, _DRAWINGS))]
    for number in range(count):
        suffix, content = drawings[number % len(drawings)]
        (folder / f"{number:06}{suffix}").write_bytes(_with_remark(content, b"picture %07d" % number))


def _drawings(count: int) -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    for number in range(count):
        image = _surface(rng)
        suffix = ".png" if number % 3 == 0 else ".jpg"
        yield suffix, cv2.imencode(suffix, image)[1].tobytes()


def _surface(rng: np.random.Generator) -> NDArray[np.uint8]:
    """`(1024, 1280, 3)`: a turned part on a belt, with the grain of a camera."""
    coarse = rng.normal(90, 25, (_SIZE[1] // 16, _SIZE[0] // 16, 3)).astype(np.float32)
    image = cv2.resize(coarse, _SIZE, interpolation=cv2.INTER_CUBIC)
    cv2.circle(image, (int(rng.integers(560, 720)), int(rng.integers(440, 580))), 380, (170, 175, 180), -1, cv2.LINE_AA)
    return np.asarray(np.clip(image + rng.normal(0, 3, image.shape), 0, 255), np.uint8)


def _with_remark(content: bytes, remark: bytes) -> bytes:
    """A JPEG comment behind the first marker, or a PNG text chunk behind the header."""
    if content.startswith(b"\xff\xd8"):
        return content[:2] + b"\xff\xfe" + struct.pack(">H", len(remark) + 2) + remark + content[2:]
    text = b"tEXtComment\0" + remark
    return content[:33] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + content[33:]


if __name__ == "__main__":
    sys.exit(main())
