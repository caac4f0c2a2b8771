"""The pictures of a run: each is decoded once and then read from the cache, where the cache has room for whole ones."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.errors import BadPicture
from models.origin import without_origin
from models.picture_file import decode_picture
from training.data.cache import Making, Pixels, Store
from training.data.dataset import Picture, content_of, listed
from training.errors import BadData
from training.side_by_side import in_order

# The other half is for what is made of them.
_SHARE_FOR_WHOLE = 2
# Each takes files of its own; pictures that are all of other sizes are decoded again instead.
_MOST_SIZES = 8


class Pictures:
    """Reads pictures; `keep` are those worth keeping whole, as far as they take half of the cache and few sizes.

    `decoded`: how many times a picture was decoded; `taken`: how many times one was read from the cache instead.
    """

    def __init__(self, store: Store, keep: Sequence[Picture]) -> None:
        self.decoded = self.taken = 0
        self._counting = threading.Lock()  # decoding alone is done by several threads
        sizes = {one.size for one in keep}
        largest = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
        kept = keep[: room_for_whole(store, largest)] if len(sizes) <= _MOST_SIZES else ()
        self._kept = {one.sha256 for one in kept}
        counts = Counter(one.size for one in kept)
        self._colour, self._gray = (
            {(w, h): store.shelf(Making("picture", (h, w, *rest)), count) for (w, h), count in counts.items()}
            for rest in ((3,), ())
        )

    def read(self, picture: Picture) -> NDArray[np.uint8]:
        """`(H, W, 3)` BGR or `(H, W)` gray; may be write-protected.

        Raises:
            BadPicture: as `decode_known`.
        """
        known = self._known(picture)
        return self._keep(picture, self._decode(picture)) if known is None else known

    def each(self, pictures: Iterable[Picture]) -> Iterator[tuple[Picture, Pixels]]:
        """All in order, decoded side by side; who takes them is told of those that cannot be used at the end.

        Raises:
            BadData: naming all of those.
        """
        broken = []
        for picture, image in in_order(self._tried, ((picture, self._known(picture)) for picture in pictures)):
            if isinstance(image, BadPicture):
                broken.append(f"{picture.label}/{image}" if picture.label else str(image))
            else:
                yield picture, self._keep(picture, image)
        if broken:
            raise BadData(f"{len(broken)} pictures cannot be used: {listed(broken)}")

    def told(self) -> str:
        """What a run says of it."""
        return f"{self.decoded} times a picture was decoded, {self.taken} times a whole one came from the cache"

    def _tried(self, found: tuple[Picture, Pixels | None]) -> tuple[Picture, Pixels | BadPicture]:
        picture, known = found
        try:
            return picture, self._decode(picture) if known is None else known
        except BadPicture as error:
            return picture, error

    def _known(self, picture: Picture) -> Pixels | None:
        found = None
        if picture.sha256 in self._kept:
            found = self._colour[picture.size].get(picture.sha256)
            found = self._gray[picture.size].get(picture.sha256) if found is None else found
        self.taken += found is not None
        return found

    def _keep(self, picture: Picture, image: Pixels) -> Pixels:
        if picture.sha256 not in self._kept:
            return image
        return (self._colour if image.ndim == 3 else self._gray)[picture.size].put(picture.sha256, image)

    def _decode(self, picture: Picture) -> Pixels:
        image = decode_known(picture)
        with self._counting:
            self.decoded += 1
        return image


def decode_known(picture: Picture) -> Pixels:
    """The picture that the data set was opened with.

    Raises:
        BadPicture: it cannot be read, was changed, or has another size than its header says.
    """
    content = content_of(picture.path)
    if hashlib.sha256(without_origin(content)).hexdigest() != picture.sha256:
        raise BadPicture(f"{picture.path.name} was changed while it was read; start again when nobody writes to it")
    image = decode_picture(picture.path.name, np.frombuffer(content, np.uint8))
    if (image.shape[1], image.shape[0]) != picture.size:
        raise BadPicture(f"{picture.path.name} is not as large as its header says; save it again as PNG")
    return image


def room_for_whole(store: Store, size: tuple[int, int]) -> int:
    """How many whole pictures of (width, height) the cache has room for."""
    return store.limit_bytes // _SHARE_FOR_WHOLE // max(1, size[0] * size[1] * 3)
