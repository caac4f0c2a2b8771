"""Training that sees INT8 sees what the exported file computes, and comes nearer to fp32 by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.runtimes.choose import choose_runtime
from tests.fakes.necks import NAMES, SIZE, Necked, noise, run_torch
from training.export import export_network
from training.networks.network import STRIDES, Classifier, Network, folded
from training.networks.trunk import load_trunk
from training.quantization.aware import AwareNetwork, export_qat, freeze, prepare_qat

FRAMES = [noise(seed) for seed in range(12)]


def difference(model: bytes, runtime: str, wanted: list[NDArray[np.float32]]) -> float:
    engine = choose_runtime(runtime, model, 1)
    pairs = list(zip(engine.infer(noise(60)), wanted, strict=True))
    engine.close()
    return max(float(np.linalg.norm(found - one) / np.linalg.norm(one)) for found, one in pairs)


def exported(aware: AwareNetwork) -> bytes:
    return export_qat(aware, export_network(aware.network, SIZE, NAMES))


def off(aware: AwareNetwork) -> torch.Tensor:
    """How far the picture's logits are from one."""
    return torch.stack([((aware(torch.from_numpy(frame))[3] - 1) ** 2).mean() for frame in FRAMES[:3]]).mean()


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_the_exported_file_computes_what_training_saw(mode: str) -> None:
    aware = prepare_qat(Necked(mode), FRAMES)
    freeze(aware)
    model = exported(aware)
    for runtime in ("onnxruntime", "openvino"):
        assert difference(model, runtime, run_torch(aware.eval(), noise(60))) < 0.02
    assert difference(model, "onnxruntime", run_torch(aware.network, noise(60))) > 1e-4
    assert exported(aware) == model


def test_the_trunk_can_be_prepared_too() -> None:
    aware = prepare_qat(load_trunk((4, 8)), FRAMES[:4])
    model = export_qat(aware, export_network(aware.network, SIZE, ("stride4", "stride8")))
    assert difference(model, "onnxruntime", run_torch(aware.eval(), noise(60))) < 0.05


@pytest.mark.parametrize("kind", [Network, Classifier])
def test_networks_that_learn_can_be_prepared_too(kind: type[Network | Classifier]) -> None:
    made = kind(load_trunk(STRIDES), 2)
    for layer in (one for one in made.modules() if isinstance(one, torch.nn.BatchNorm2d)):
        torch.nn.init.constant_(layer.weight, 0.2)
    aware = prepare_qat(folded(made), FRAMES[:4])
    freeze(aware)
    model = export_qat(aware, export_network(aware.network, SIZE, made.names))
    wanted = run_torch(aware.eval(), noise(60))
    assert difference(model, "onnxruntime", wanted) < 0.1


def test_training_reaches_the_networks_own_weights_through_the_grids() -> None:
    network = Necked()
    aware = prepare_qat(network, FRAMES[:3])
    assert {id(one) for one in aware.parameters()} == {id(one) for one in network.parameters()}
    before, first = float(off(aware).detach()), network.coarse.weight.detach().clone()
    optimizer = torch.optim.Adam([*network.mix.parameters(), *network.coarse.parameters()], 3e-3)
    for _ in range(8):
        optimizer.zero_grad()
        off(aware.train()).backward()
        optimizer.step()
    freeze(aware)
    assert float(off(aware.eval()).detach()) < 0.9 * before
    assert not torch.equal(network.coarse.weight, first)


def test_ranges_follow_training_until_they_are_frozen() -> None:
    aware = prepare_qat(Necked(), FRAMES[:2])
    known = aware.ranges()
    aware.eval()(torch.from_numpy(noise(70)))
    assert aware.ranges() == known
    aware.train()(torch.from_numpy(noise(70)))
    followed = aware.ranges()
    assert followed != known
    freeze(aware)
    aware.train()(torch.from_numpy(noise(71)))
    assert aware.ranges() == followed


def test_what_cannot_be_prepared_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        prepare_qat(Necked(), [])
    with pytest.raises(ValueError, match="other activations"):
        export_qat(prepare_qat(Necked(), FRAMES[:1]), export_network(load_trunk((4,)), SIZE, ("stride4",)))
    with pytest.raises(ValueError, match="fold batch normalisation"):
        prepare_qat(torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1), torch.nn.BatchNorm2d(3)), FRAMES)
