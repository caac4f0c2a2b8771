"""A narrower trunk gives nearly what the whole one gives, on pictures it was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.fakes.discs import disc
from training.networks.network import STRIDES
from training.networks.pruning import KEPT, KEPT_TO_LEARN, _inverse, prune
from training.networks.trunk import Trunk, load_trunk


def frames(first: int, count: int) -> list[NDArray[np.uint8]]:
    kinds = ("", "scratch", "stain")
    return [np.repeat(disc(first + index, kinds[index % 3])[0][:, :, None], 3, 2) for index in range(count)]


def maps(trunk: Trunk, shown: list[NDArray[np.uint8]]) -> list[torch.Tensor]:
    with torch.no_grad():
        found = [trunk(torch.from_numpy(one[None])) for one in shown]
    return [torch.cat(of_stride) for of_stride in zip(*found, strict=True)]


def error(trunk: Trunk, shown: list[NDArray[np.uint8]]) -> list[float]:
    found, wanted = maps(trunk, shown), maps(load_trunk(STRIDES), shown)
    return [float((one - other).norm() / other.norm()) for one, other in zip(found, wanted, strict=True)]


def pruned(kept: Mapping[int, int] = KEPT) -> Trunk:
    trunk = load_trunk(STRIDES)
    prune(trunk, frames(0, 9), kept)
    return trunk


@pytest.mark.parametrize(("kept", "most"), [(KEPT, 0.3), (KEPT_TO_LEARN, 0.5)])
def test_what_is_left_stands_for_what_left(kept: Mapping[int, int], most: float) -> None:
    trunk = pruned(kept)
    assert [trunk.blocks[index].layers[1].groups for index in kept] == list(kept.values())
    compensated = error(trunk, frames(100, 6))
    assert max(compensated) < most
    plain = load_trunk(STRIDES)
    for index, count in kept.items():
        expand, filters, project = plain.blocks[index].layers
        for layer in (expand, filters):
            layer.weight, layer.bias = (torch.nn.Parameter(part[:count]) for part in (layer.weight, layer.bias))
        filters.groups = count
        project.weight = torch.nn.Parameter(project.weight[:, :count])
    assert all(one < other / 2 for one, other in zip(compensated, error(plain, frames(100, 6)), strict=True))


def weights_of(trunk: Trunk) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    state = trunk.state_dict()
    layers = [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
    return {name: (state[f"{name}.weight"], state[f"{name}.bias"]) for name in layers}


def test_a_trunk_that_holds_narrower_weights_computes_what_the_narrower_one_does() -> None:
    narrow, holding, shown = pruned(), load_trunk(STRIDES), frames(100, 2)
    holding.hold(weights_of(narrow))
    assert all(torch.equal(one, other) for one, other in zip(maps(holding, shown), maps(narrow, shown), strict=True))
    assert not any(part.requires_grad for part in holding.parameters())
    holding.hold(weights_of(load_trunk(STRIDES)))
    assert error(holding, shown) == [0.0] * len(STRIDES)


@pytest.mark.parametrize("missing", ["stem", "blocks.1.layers.1", "blocks.10.layers.2"])
def test_a_layer_without_weights_is_refused_by_name(missing: str) -> None:
    some = weights_of(load_trunk(STRIDES))
    del some[missing]
    with pytest.raises(KeyError, match=missing):
        load_trunk(STRIDES).hold(some)


def test_a_channel_that_another_one_repeats_costs_nothing() -> None:
    trunk = load_trunk(STRIDES)
    expand, filters, _ = trunk.blocks[1].layers
    with torch.no_grad():
        for layer in (expand, filters):
            layer.weight[5], layer.bias[5] = layer.weight[3], layer.bias[3]
    shown = frames(100, 4)
    before = maps(trunk, shown)
    prune(trunk, frames(0, 9), {1: 95})
    for one, other in zip(maps(trunk, shown), before, strict=True):
        assert float((one - other).norm() / other.norm()) < 1e-3


def test_the_same_pictures_give_the_same_trunk() -> None:
    one, other = pruned({1: 80}).state_dict(), pruned({1: 80}).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not any(part.requires_grad for part in pruned({1: 80}).parameters())


def test_an_inverse_is_one() -> None:
    some = np.random.default_rng(2).standard_normal((40, 60))
    matrix = some @ some.T / 60 + 1e-4 * np.eye(40)
    assert np.allclose(_inverse(matrix) @ matrix, np.eye(40), atol=1e-9)
