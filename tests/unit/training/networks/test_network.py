"""What a learned network gives, and what reaches what."""

from __future__ import annotations

import torch

from training.networks.network import STRIDES, Classifier, Network, folded
from training.networks.trunk import load_trunk

PIXELS = torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def shapes(network: Network | Classifier) -> dict[str, tuple[int, ...]]:
    with torch.no_grad():
        return {name: tuple(map_.shape[1:]) for name, map_ in zip(network.names, network(PIXELS), strict=True)}


def test_a_map_of_half_the_pixels_and_logits_of_the_picture() -> None:
    network = Network(load_trunk(STRIDES), 3).eval()
    found = {"stride4": (24, 16, 24), "stride8": (40, 8, 12), "stride16": (112, 4, 6)}
    assert shapes(network) == found | {"head": (4, 32, 48), "image": (4, 1, 1)}


def test_a_classifier_gives_logits_of_the_picture_alone() -> None:
    assert shapes(Classifier(load_trunk(STRIDES), 2).eval()) == {"image": (2, 1, 1)}


def test_folding_changes_no_answer() -> None:
    torch.manual_seed(5)
    network = Network(load_trunk(STRIDES), 2).train()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(part.weight), torch.nn.init.normal_(part.running_mean)
    torch.nn.init.normal_(network.heads.out_map.weight)
    with torch.no_grad():
        before = network.eval()(PIXELS)
        after = folded(network)(PIXELS)
    for one, other in zip(before, after, strict=True):
        assert one.std() > 0 or one.numel() == 1
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_what_the_whole_picture_shows_reaches_every_place() -> None:
    torch.manual_seed(6)
    network = Network(load_trunk(STRIDES), 1).eval()
    torch.nn.init.ones_(network.neck.context.norm.weight)
    torch.nn.init.normal_(network.heads.out_map.weight)
    with torch.no_grad():
        coarse = [torch.rand(1, channels, size, size) for channels, size in ((24, 64), (40, 32), (112, 16))]
        plain = network.neck(tuple(coarse))
        coarse[2][:, :, 15, 15] += 50  # farther from the first place than any filter reaches
        told = network.neck(tuple(coarse))
    assert not torch.allclose(plain[:, :, :8, :8], told[:, :, :8, :8])
