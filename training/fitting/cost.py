"""How much work a scorer is for a station: multiply-adds a picture of 256 x 256 pixels, in thousands, network included.

What counts is which scorer is the cheaper one, not the milliseconds: a bank of 800 on the fine grid costs as much as
the whole network, Gaussians next to nothing; a network whose coarsest map nobody asks for ends earlier.
"""

from __future__ import annotations

from models.scorers import MAX_GAUSSIAN_DIMENSIONS
from training.config import BANK_SIZE, FOLDS
from training.fitting.candidates import GAUSSIAN, POSITION, Candidate
from training.fitting.network import UNITS
from training.networks.trunk import CHANNELS

_SIDE_PX = 256
# The trunk up to its last block of a stride, by its architecture; INT8 does two where fp32 does one.
_TRUNK = {4: 51_000, 8: 74_000, 16: 158_000}


def cost(candidate: Candidate) -> float:
    """Thousands of multiply-adds a picture."""
    shape = candidate.shape
    places = (_SIDE_PX // shape.grid_stride) ** 2
    channels = sum(CHANNELS[stride] for stride in shape.strides)
    kept = min(MAX_GAUSSIAN_DIMENSIONS, channels)
    if candidate.kind == GAUSSIAN:
        a_place = channels * kept
    elif candidate.kind == POSITION:
        a_place = (channels + kept) * kept
    else:
        a_place = BANK_SIZE * (kept if candidate.scaling == "whitened" else channels)
    pooled = shape.pool**2 * channels + (channels * UNITS * FOLDS if candidate.taught else 0)
    return _TRUNK[max(shape.strides)] + places * (a_place + pooled) / 1000
