"""The learning of a network: fine-tuning with AdamW, a cosine schedule and an average of the weights.

What a step sees depends on the seed and its number alone, so that a run that goes on from a checkpoint ends as an
unbroken one does, bit by bit (on the same machine with as many threads).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.learning.checkpoint import Checkpoint
from training.learning.course import Course, LearnConfig, Learned
from training.learning.disturbance import disturbed
from training.learning.early import EarlyOnCpu
from training.learning.losses import task_loss
from training.learning.views import Sampler
from training.networks.network import STRIDES, Classifier, Early, Network, folded
from training.networks.pruning import KEPT_TO_LEARN, prune
from training.networks.trunk import TAPS, Trunk, load_trunk
from training.progress import Progress

_WARM_UP = 200
_DECAY, _BETAS = 0.02, (0.9, 0.99)
_AVERAGE = 0.998
_MOST_GRADIENT = 1.0


def learn(
    course: Course, config: LearnConfig, progress: Progress, checkpoint: Checkpoint | None = None, threads: int = 2
) -> Learned:
    """Teach a network; blocks for minutes. On a CUDA card where there is one (not verified on hardware).

    Raises:
        BadData: the checkpoint is of another course or settings.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)
    run = _Run(course, config, threads)
    state = None if checkpoint is None else checkpoint.load()
    if state is not None:
        run.go_on_from(state)
        progress.say(f"goes on after {run.done} of {config.epochs} epochs of learning")
    for _ in progress.each("epochs of learning", range(run.done, config.epochs), config.epochs - run.done):
        run.epoch()
        if checkpoint is not None:
            checkpoint.save(run.state())
    average = run.average.cpu()
    return Learned(folded(average), average.strides, average.names, tuple(run.history))


class _Run:
    """The moving parts: network, its average, optimizer and schedule."""

    def __init__(self, course: Course, config: LearnConfig, threads: int) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._course, self._config = course, config
        self._sampler = Sampler(course, config)
        self._steps = max(1, len(course.train) // config.batch)
        kind = Network if course.task == "segmentation" else Classifier
        trunk = load_trunk(STRIDES)
        prune(trunk, [one.pixels for one in course.train], KEPT_TO_LEARN)
        network = kind(trunk, len(course.classes))
        height, width = course.train[0].pixels.shape[:2]
        on_cpu = self._device.type == "cpu"
        self._early = EarlyOnCpu(network.trunk, (width, height), threads) if on_cpu else _early(network.trunk)
        self._network = network.to(self._device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.average: Network | Classifier = copy.deepcopy(network).eval()
        head = list(network.head_parameters())
        self._learned = [*_thawed(network.trunk), *head]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._learned[: -len(head)], "lr": config.trunk_rate},
                {"params": head, "lr": config.head_rate},
            ],
            weight_decay=_DECAY,
            betas=_BETAS,
        )
        total = self._steps * config.epochs
        warm = max(1, min(_WARM_UP, total // 10))

        def rate(step: int) -> float:
            return min((step + 1) / warm, 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(step / total, 1.0))))

        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, rate)
        self.done, self.history = 0, list[float]()

    def epoch(self) -> None:
        """One epoch more."""
        total = 0.0
        for step in range(self.done * self._steps, (self.done + 1) * self._steps):
            total += self._step(step)
        self.done += 1
        self.history.append(total / self._steps)

    def _step(self, step: int) -> float:
        batch, noise = self._sampler.batch(step), None
        if isinstance(self._network, Network):
            batch, noise = disturbed(batch, self._config, step)
        pixels, *told = batch
        masks, labels = (torch.from_numpy(part).to(self._device) for part in told)
        early = self._early(pixels).to(self._device)
        answers = self._network.answers(early, *([] if noise is None else [noise.to(self._device)]))
        loss = task_loss(self._course.task, answers, masks, labels, step)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._learned, _MOST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        # The first steps are forgotten quickly, as Adam's own averages are.
        kept = min(_AVERAGE, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self._network.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)
            # What normalizations remember is an average already.
            for kept_so_far, current in zip(self.average.buffers(), self._network.buffers(), strict=True):
                kept_so_far.copy_(current)
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on."""
        return {
            "done": self.done,
            "history": list(self.history),
            "network": self._network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def go_on_from(self, state: dict[str, Any]) -> None:
        self.done, self.history = int(state["done"]), [float(loss) for loss in state["history"]]
        self._network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])


def _early(trunk: Trunk) -> Callable[[NDArray[np.uint8]], Tensor]:
    """The layers that keep their weights, where torch runs them well."""
    early = Early(trunk)

    def run(pixels: NDArray[np.uint8]) -> Tensor:
        with torch.no_grad():
            (found,) = early(torch.from_numpy(pixels).to(trunk.stem.weight.device))
        return torch.as_tensor(found)

    return run


def _thawed(trunk: Trunk) -> list[nn.Parameter]:
    """Let all of the trunk learn but what works at strides 2 and 4; what may."""
    found = [one for block in trunk.blocks[TAPS[4] + 1 :] for one in block.parameters()]
    for one in found:
        one.requires_grad = True
    return found
