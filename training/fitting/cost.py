"""How much work a scorer is for a station: processor time a picture of 256 x 256 pixels, network included, as a share
of what the bare Lite0 trunk takes in fp32.

Microseconds are medians of `scripts/bench_score` and its steps, one thread, AVX2, on the runtime where they are the
larger share (ONNX Runtime). A network whose coarsest map nobody asks for ends earlier.
"""

from __future__ import annotations

from training.config import BANK_SIZE, FOLDS
from training.fitting.candidates import GAUSSIAN, NEIGHBOUR, POSITION, Candidate
from training.fitting.network import UNITS
from training.fitting.position import kept_dimensions
from training.networks.trunk import CHANNELS

# What judging may cost.
BUDGET = 0.8
_SIDE_PX = 256
_FP32_TRUNK_US = 10_300.0
# The INT8 trunk, made narrower, up to its last block of a stride.
_NETWORK_US = {4: 2_950.0, 8: 4_160.0, 16: 6_500.0}
# Smoothing a map, taking the highest places.
_ALWAYS_US = 80.0
# Of a thousand numbers or multiply-adds each; numbers of positions come from memory, others from the cache.
_TURNED_US, _POOLED_US, _RESIZED_US, _COMPARED_US = 0.3, 1.0, 0.55, 0.3
_MULTIPLIED_US, _SEARCHED_US, _OF_POSITIONS_US = 0.028, 0.023, 0.3
# These are times in a loop of its own. Between two runs of a network, which fills the cache, a scorer takes longer:
# packages that came to 0.69 and 0.79 by such times were measured at 0.70 and 0.835.
_COLD = 1.35


def cost(candidate: Candidate) -> float:
    """The share of the fp32 trunk's time; of a network with heads only what its trunk and the distance take."""
    return (_NETWORK_US[max(candidate.shape.strides)] + scorer_us(candidate)) / _FP32_TRUNK_US


def affordable(candidate: Candidate) -> bool:
    """Whether judging with it stays within what it may cost."""
    return cost(candidate) <= BUDGET


def scorer_us(candidate: Candidate) -> float:
    """Microseconds of the scorer alone."""
    shape = candidate.shape
    places = (_SIDE_PX // shape.grid_stride) ** 2
    channels = sum(CHANNELS[stride] for stride in shape.strides)
    kept = channels if candidate.scaling == "deviation" else kept_dimensions(1, channels)
    thousands = _map_us(candidate) * 1000 + (_MULTIPLIED_US * places * channels * kept if kept < channels else 0)
    if candidate.kind == POSITION:
        thousands += _OF_POSITIONS_US * places * kept_dimensions(places, channels) ** 2
    elif candidate.kind == NEIGHBOUR:
        thousands += places * BANK_SIZE * (_SEARCHED_US * kept + _COMPARED_US)
    else:
        assert candidate.kind == GAUSSIAN
    if candidate.taught:
        thousands += _MULTIPLIED_US * places * channels * UNITS * FOLDS
    return _COLD * (_ALWAYS_US + thousands / 1000)


def _map_us(candidate: Candidate) -> float:
    """Microseconds until the network's maps are place vectors."""
    shape = candidate.shape
    found = 0.0
    for stride in shape.strides:
        numbers = CHANNELS[stride] * (_SIDE_PX // stride) ** 2
        found += numbers * (_TURNED_US + (_POOLED_US if shape.pool > 1 else 0))
        if stride != shape.grid_stride:
            found += _RESIZED_US * CHANNELS[stride] * (_SIDE_PX // min(stride, shape.grid_stride)) ** 2
    return found / 1000
