"""torchvision's networks see camera pixels as they were trained to, and a wrong file is told at the door.

There are no weights to download here: all networks are initialised at random and saved to a file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from training.errors import BadData, NotThere
from training.networks import torchvision_import
from training.networks.backbones import BACKBONES, load_backbone, read_weights, weights_sha256
from training.networks.torchvision_import import import_torchvision

_SIDE = 64


@pytest.fixture(scope="module")
def torchvision() -> ModuleType:
    return import_torchvision()


def saved(torchvision: ModuleType, name: str, path: Path) -> nn.Module:
    """A network of random weights whose normalisations are no identity, saved to `path`."""
    torch.manual_seed(1)
    network: nn.Module = getattr(torchvision.models, name)(weights=None)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
    torch.save(network.state_dict(), path)
    return network.eval()


@pytest.mark.parametrize("name", BACKBONES)
def test_maps_come_at_strides_4_8_and_16(torchvision: ModuleType, tmp_path: Path, name: str) -> None:
    saved(torchvision, name, tmp_path / "w.pth")
    backbone = load_backbone(name, tmp_path / "w.pth")
    with torch.no_grad():
        maps = backbone(torch.zeros((1, _SIDE, 2 * _SIDE, 3), dtype=torch.uint8))
    assert [tuple(one.shape[2:]) for one in maps] == [(_SIDE // s, 2 * _SIDE // s) for s in (4, 8, 16)]


@pytest.mark.parametrize(("name", "layer"), [("resnet18", "layer1"), ("mobilenet_v3_large", "features.3")])
def test_away_from_the_border_maps_are_those_of_torchvision(
    torchvision: ModuleType, tmp_path: Path, name: str, layer: str
) -> None:
    network = saved(torchvision, name, tmp_path / "w.pth")
    pixels = torch.randint(0, 256, (1, _SIDE, _SIDE, 3), dtype=torch.uint8)
    seen: list[torch.Tensor] = []
    network.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    rgb = pixels.flip(3).permute(0, 3, 1, 2) / 255.0
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        network((rgb - mean[:, None, None]) / deviation[:, None, None])
        found = load_backbone(name, tmp_path / "w.pth", strides=(4,))(pixels)[0]
    inside = (..., slice(6, -6), slice(6, -6))
    assert torch.allclose(found[inside], seen[0][inside], atol=1e-3 * float(seen[0].abs().max()))


def test_wrong_names_and_files_are_told_with_the_remedy(torchvision: ModuleType, tmp_path: Path) -> None:
    saved(torchvision, "resnet18", tmp_path / "w.pth")
    (tmp_path / "text.pth").write_text("no weights")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"model": {"conv1.weight": torch.zeros(1)}}, tmp_path / "nested.pth")
    for name, file, error, words in (
        ("vgg16", "w.pth", BadData, "choose from resnet18"),
        ("resnet18", "gone.pth", NotThere, "--weights"),
        ("resnet18", "text.pth", BadData, "is no file of weights"),
        ("resnet18", "list.pth", BadData, "something else than weights"),
        ("resnet18", "nested.pth", BadData, "something else than weights"),
        ("resnet34", "w.pth", BadData, "holds no weights of resnet34"),
    ):
        with pytest.raises(error, match=words):
            load_backbone(name, tmp_path / file)


def test_weights_that_are_no_numbers_are_refused(torchvision: ModuleType, tmp_path: Path) -> None:
    state = saved(torchvision, "resnet18", tmp_path / "w.pth").state_dict()
    state["conv1.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(BadData, match="no numbers"):
        load_backbone("resnet18", tmp_path / "nan.pth")


class _Runs:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.mark,))


def test_nothing_in_a_file_of_weights_is_run(tmp_path: Path) -> None:
    torch.save({"conv1.weight": _Runs(tmp_path / "was run")}, tmp_path / "evil.pth")
    with pytest.raises(BadData, match="is no file of weights"):
        read_weights(tmp_path / "evil.pth")
    assert not (tmp_path / "was run").exists()


def test_the_hash_is_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"")
    assert weights_sha256(tmp_path / "w.pth").startswith("e3b0c44298fc1c14")


def test_without_torchvision_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchvision", None)  # type: ignore[arg-type]  # None: not to be imported
    with pytest.raises(NotThere, match="okng\\[backbones\\]"):
        import_torchvision()


def test_another_fault_of_torchvision_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> ModuleType:
        raise RuntimeError("another fault")

    monkeypatch.setattr(torchvision_import, "import_module", broken)
    with pytest.raises(RuntimeError, match="another fault"):
        import_torchvision()
