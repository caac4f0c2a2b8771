"""What a network is told of its answers: per place where the mask is known, per picture where the label is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.learning.course import IGNORED, UNNAMED, Task

_IMAGE_SHARE = 0.5


def task_loss(task: Task, answers: tuple[Tensor, ...], masks: Tensor, labels: Tensor, step: int) -> Tensor:
    """What a network of a task is told of its answers, of which the last two are the map's and the image's logits."""
    image = answers[-1][:, :, 0, 0]
    if task == "classification":
        return classification_loss(image, labels)
    return map_loss(*enlarged(answers[-2], masks, step)) + _IMAGE_SHARE * image_loss(image, labels)


def map_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of "defective at all" and of the class, and a soft Jaccard index of every class in the batch.

    Args:
        logits: `(N, 1 + K, h, w)`, brought as large as the masks by `enlarged`.
        masks: `(N, h, w)` uint8, as in `Example`; what is defective of no class teaches that alone.
    """
    target = masks.long()
    known, wrong = target != IGNORED, target.ne(0)
    named = wrong & (target < UNNAMED)
    anomaly, classes = logits[:, 0], functional.log_softmax(logits[:, 1:], 1)
    each = functional.binary_cross_entropy_with_logits(anomaly, wrong.float(), reduction="none")
    loss = (each * known).sum() / known.sum().clamp(min=1)
    if classes.shape[1] > 1 and named.any():
        picked = functional.nll_loss(classes, (target - 1) * named, reduction="none")
        # Each picture counts alike, however large its defect is.
        area = named.sum((1, 2))
        loss = loss + ((picked * named).sum((1, 2)) / area.clamp(min=1))[area > 0].mean()
    probability = torch.sigmoid(anomaly)[:, None] * classes.exp() * (named | ~wrong)[:, None]
    shown = [index for index in range(classes.shape[1]) if (target == index + 1).any()]
    for index in shown:
        truth = (target == index + 1).float()
        shared = (probability[:, index] * truth).sum()
        union = probability[:, index].sum() + truth.sum() - shared
        loss = loss + (1 - shared / union) / len(shown)
    return loss


def enlarged(logits: Tensor, masks: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Logits as they are used, brought to a larger size, and the masks there: every second pixel, others in each step.

    Half the masks' size in each direction costs a quarter and tells a network of stride 4 all the same.
    """
    down, right = step % 2, step // 2 % 2
    masks = masks[:, down::2, right::2]
    return functional.interpolate(logits, masks.shape[1:], mode="bilinear", align_corners=False), masks


def image_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """`(N, 1 + K)` against labels `(N,)` as in `Example`."""
    loss = functional.binary_cross_entropy_with_logits(logits[:, 0], (labels != 0).float())
    named = labels > 0
    if logits.shape[1] > 2 and named.any():
        loss = loss + functional.cross_entropy(logits[named, 1:], labels[named] - 1)
    return loss


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """`(N, K)` against labels `(N,)` of 1..K; labels are trusted a little less than fully (Szegedy et al., 2016)."""
    return functional.cross_entropy(logits, labels - 1, label_smoothing=0.05)
