"""A network that was taught goes on learning for some steps with INT8 in sight: the last rung of the ladder.

It sees what it was taught with, other views of it, at a small and falling rate, so that weights settle where their grid
has steps. Steps depend on the seed alone: a run that goes on after a kill does them again and ends alike.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.export import export_network
from training.learning.course import Course, LearnConfig, Learned
from training.learning.losses import task_loss
from training.learning.views import Sampler
from training.progress import Progress
from training.quantization.aware import export_qat, freeze, prepare_qat

STEPS = 60
# Ranges follow the weights for so many steps of all, then weights settle on them.
_FOLLOWED = 0.5
_RATE = 1e-4
_MOST_GRADIENT = 1.0
# Steps whose views no epoch of learning has shown.
_FIRST = 1_000_000


def tuned(
    learned: Learned,
    course: Course,
    config: LearnConfig,
    frames: Sequence[NDArray[np.uint8]],
    progress: Progress,
) -> bytes:
    """The INT8 file of the network after `STEPS` more; the same for the same seed. The network itself stays as it was.

    Args:
        learned: what `learn` gave.
        course, config: what it was given.
        frames: network inputs `(1, H, W, 3)` uint8 that set the first ranges.
    """
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = copy.deepcopy(learned.module).to(device).requires_grad_(True)
    aware = prepare_qat(network, frames)
    aware.train()
    sampler, parameters = Sampler(course, config), list(network.parameters())
    optimizer = torch.optim.AdamW(parameters, _RATE, weight_decay=0.0)
    for step in progress.each("steps of learning with INT8 in sight", range(STEPS), STEPS):
        if step == int(_FOLLOWED * STEPS):
            freeze(aware)
        for group in optimizer.param_groups:
            group["lr"] = _RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        pixels, masks, labels = (torch.from_numpy(part).to(device) for part in sampler.batch(_FIRST + step))
        loss = task_loss(course.task, aware(pixels), masks, labels, step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, _MOST_GRADIENT)
        optimizer.step()
    aware.cpu()
    height, width = course.train[0].pixels.shape[:2]
    return export_qat(aware, export_network(network.cpu().eval(), (width, height), learned.names))
