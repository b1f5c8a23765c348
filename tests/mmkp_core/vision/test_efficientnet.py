"""The network is the one that its weights were trained in: it sees what is on real photographs."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import EfficientNet_B0_Weights

from mmkp_core.vision.decoding import Decoded, decode
from mmkp_core.vision.efficientnet import EfficientNetLite0, Padded, open_network, pixels_of
from tests.fixtures.photographs import photograph

NAMES = EfficientNet_B0_Weights.DEFAULT.meta["categories"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> EfficientNetLite0:
    return open_network(tmp_path_factory.mktemp("weights"))


def picture(name: str) -> Decoded:
    image = decode(photograph(name))
    assert isinstance(image, Decoded)
    return image


@pytest.mark.parametrize(
    ("name", "classes", "probability"),
    [
        ("coffee", ["espresso"], 0.95),
        ("camera", ["tripod"], 0.94),
        ("cat", ["tiger cat", "Egyptian cat", "tabby"], 0.38),
    ],
)
def test_it_sees_what_is_on_photographs(
    network: EfficientNetLite0, name: str, classes: list[str], probability: float
) -> None:
    with torch.inference_mode():
        best = network(pixels_of([picture(name)], 0.875)).softmax(1)[0].topk(len(classes))
    assert [NAMES[place] for place in best.indices.tolist()] == classes
    assert best.values[0].item() == pytest.approx(probability, abs=0.03)


def test_the_classes_are_a_reading_of_the_mean_of_the_cells(network: EfficientNetLite0) -> None:
    pixels = pixels_of([picture("coffee"), picture("cat")])
    with torch.inference_mode():
        cells = network.cells(pixels)
        head = functional.relu6(network._bn1(network._conv_head(cells)))
        by_hand = functional.linear(head.mean((2, 3)), network._fc.weight, network._fc.bias)
        assert cells.shape == (2, 320, 7, 7)
        torch.testing.assert_close(network(pixels), by_hand)


def test_an_image_among_others_is_as_it_is_alone(network: EfficientNetLite0) -> None:
    images = [picture("coffee"), picture("camera")]
    with torch.inference_mode():
        together, alone = network.cells(pixels_of(images)), network.cells(pixels_of(images[1:]))
    torch.testing.assert_close(together[1:], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("side", "kernel", "stride"), [(8, 3, 2), (8, 5, 2), (7, 3, 2), (7, 3, 1), (8, 5, 1)])
def test_padding_is_that_of_tensorflow(side: int, kernel: int, stride: int) -> None:
    """The output has ceil(side / stride) places; the zeros that are missing for it stand first, an odd one last."""
    layer = Padded(1, 1, kernel, stride, bias=False)
    nn.init.constant_(layer.weight, 1.0)
    given = torch.arange(side * side, dtype=torch.float32).reshape(1, 1, side, side)
    found = layer(given)[0, 0]
    places = -(-side // stride)
    before = max((places - 1) * stride + kernel - side, 0) // 2
    for row in range(places):
        for column in range(places):
            rows = range(row * stride - before, row * stride - before + kernel)
            columns = range(column * stride - before, column * stride - before + kernel)
            total = sum(given[0, 0, y, x].item() for y in rows for x in columns if 0 <= y < side and 0 <= x < side)
            assert found[row, column].item() == pytest.approx(total)


def test_the_middle_of_a_picture_is_square_and_the_whole_is_squeezed() -> None:
    wide = Decoded(rgb=_stripes(), width=400, height=100, format="PNG")
    whole, middle = pixels_of([wide])[0], pixels_of([wide], 0.5)[0]
    assert whole[0, :, :50].mean() < -0.9 and whole[0, :, -50:].mean() > 0.9
    assert middle[0, :, :100].mean() < -0.9 and middle[0, :, -100:].mean() > 0.9
    assert whole.shape == middle.shape == (3, 224, 224)


def _stripes():  # type: ignore[no-untyped-def]
    """Black on the left half, white on the right."""
    import numpy as np

    image = np.zeros((100, 400, 3), dtype=np.uint8)
    image[:, 200:] = 255
    return image


def test_weights_are_kept_as_safetensors(tmp_path: Path) -> None:
    first = open_network(tmp_path).state_dict()
    [kept] = tmp_path.glob("*.safetensors")
    made = kept.stat().st_mtime_ns
    second = open_network(tmp_path).state_dict()
    assert kept.stat().st_mtime_ns == made
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
