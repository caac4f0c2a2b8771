"""What the page shows of a part's picture. Judging, archive and evidence always have the whole picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from appliance.section import Section
from models.decision import Box

_LEAST_PX = 32
_Start = Annotated[int, Field(ge=0, le=100_000)]
_Length = Annotated[int, Field(ge=_LEAST_PX, le=100_000)]


class ViewsConfig(Section):
    """`region`: left, top, width and height in pixels of the camera picture."""

    region: tuple[_Start, _Start, _Length, _Length]

    def shown(self, size_px: tuple[int, int], found: Iterable[Box]) -> Box | None:
        """What to show of a picture of (width, height) in which these boxes were found; None is the whole picture.

        A view that does not reach the picture, or that would leave out any of what was found, is not used.
        """
        left, top, width, height = self.region
        right, bottom = min(left + width, size_px[0]), min(top + height, size_px[1])
        if right - left < _LEAST_PX or bottom - top < _LEAST_PX:
            return None
        view = Box(left, top, right - left, bottom - top)
        return view if all(_lies_in(box, view) for box in found) else None


def _lies_in(box: Box, view: Box) -> bool:
    across = view.x <= box.x and box.x + box.w <= view.x + view.w
    return across and view.y <= box.y and box.y + box.h <= view.y + view.h
