"""Extractors by torchvision, with random weights of the same classes: their real ones are not here."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models, transforms

from mmkp_core.errors import Damaged, Mismatch, Unavailable, WrongInput
from mmkp_core.identity import sha256_of
from mmkp_core.vision.features.extractor import extract_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from mmkp_core.vision.features.torchvision_cells import ResNet152Spec, TorchvisionSpec, Vgg16Spec, Vgg19Spec
from tests.fixtures.photographs import photograph


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state dict of a ResNet-152 of random weights."""
    path = tmp_path_factory.mktemp("weights") / "resnet152.pth"
    torch.manual_seed(0)
    network = models.resnet152()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
    for block in (m for m in network.modules() if isinstance(m, models.resnet.Bottleneck)):
        torch.nn.init.constant_(block.bn3.weight, 0.2)  # else 50 blocks add up to what half floats cannot hold
    torch.save(network.state_dict(), path)
    return path


SPECS: dict[str, Any] = {"vgg16": Vgg16Spec, "vgg19": Vgg19Spec, "resnet152": ResNet152Spec}


def own(path: Path, kind: str = "resnet152") -> TorchvisionSpec:
    made: TorchvisionSpec = SPECS[kind](weights=str(path), sha256=sha256_of(path)[:8])
    return made


def test_the_cells_are_those_of_the_network_before_its_pooling(weights: Path, tmp_path: Path) -> None:
    """Worked out anew by torchvision's own transforms and a hook on the last stage of the whole network."""
    extractor = make_extractor(FeatureSpec(extractor=own(weights)))
    extractor.open(tmp_path)
    data = photograph("coffee")
    found = extract_features(extractor, [("coffee", data), ("bad", b"<html>")])

    whole, seen = models.resnet152(), []
    whole.load_state_dict(torch.load(weights, weights_only=True))
    whole.eval().layer4.register_forward_hook(lambda module, given, out: seen.append(out))
    picture = Image.open(io.BytesIO(data)).convert("RGB").resize((224, 224), Image.Resampling.LANCZOS)
    prepared = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    )
    with torch.inference_mode():
        whole(prepared(picture)[None])
    expected = seen[0][0].reshape(2048, 49).T.numpy()
    assert found.features.matrix.shape == (1, 49, 2048)
    assert found.failed.keys() == {"bad"}
    np.testing.assert_allclose(found.features.matrix[0], expected, rtol=2e-2, atol=2e-2 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["vgg16", "vgg19"])
def test_vgg_comes_without_its_classifier(kind: str, tmp_path: Path) -> None:
    with torch.device("meta"):
        whole = getattr(models, kind)()
    torch.manual_seed(0)
    state = {n: torch.randn(t.shape) * 0.03 for n, t in whole.state_dict().items() if n.startswith("features.")}
    torch.save(state, tmp_path / "vgg.pth")
    extractor = make_extractor(FeatureSpec(extractor=own(tmp_path / "vgg.pth", kind)))
    extractor.open(tmp_path / "kept")
    [cells] = extract_features(extractor, [("cat", photograph("cat"))]).features.matrix

    assert cells.shape == (49, 512)
    assert (cells >= 0).all() and (cells > 0).any()  # the last stage ends with a ReLU and a pooling


def test_the_address_follows_from_the_bytes_of_the_weights_and_not_from_their_place() -> None:
    def address(**given: str) -> str:
        return make_extractor(FeatureSpec(extractor=Vgg16Spec(**given))).fingerprint()

    assert address() == address(weights="/elsewhere/vgg16.pth")
    assert address(weights="/x.pth", sha256="0011") != address()
    assert address() != make_extractor(FeatureSpec(extractor=Vgg19Spec())).fingerprint()


def test_numbers_that_half_floats_cannot_hold_are_refused(weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    state["layer4.2.bn3.bias"] += 1e6
    torch.save(state, tmp_path / "loud.pth")
    extractor = make_extractor(FeatureSpec(extractor=own(tmp_path / "loud.pth")))
    extractor.open(tmp_path / "kept")

    with pytest.raises(Mismatch, match="larger numbers than half floats hold"):
        extract_features(extractor, [("cat", photograph("cat"))])


def test_mistakes_say_what_to_do(weights: Path, tmp_path: Path) -> None:
    def opened(spec: TorchvisionSpec) -> None:
        make_extractor(FeatureSpec(extractor=spec)).open(tmp_path)

    missing = str(tmp_path / "vgg16.pth")
    with pytest.raises(Unavailable, match=r"fetch them with: curl .*download\.pytorch\.org/models/vgg16-397923af\.pth"):
        opened(Vgg16Spec(weights=missing))
    with pytest.raises(Damaged, match="not those that were pinned"):
        opened(ResNet152Spec(weights=str(weights)))
    with pytest.raises(Mismatch, match="are not those of vgg16"):
        opened(own(weights, "vgg16"))
    with pytest.raises(WrongInput, match="weights=FILE"):
        opened(Vgg16Spec(sha256="00"))
