"""What holds of every fusion in the table."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from mmkp_core.classic.blocks.block import Fusion
from mmkp_core.classic.blocks.image_cells import ProjectedCells
from mmkp_core.classic.blocks.text_pool import TextPool
from mmkp_core.classic.blocks.topic_memory import TopicMemory
from mmkp_core.classic.parts.fusions import FUSIONS
from mmkp_core.imports import imported
from tests.mmkp_core.classic.blocks.modalities import HIDDEN, SIZES, given


@pytest.fixture(params=FUSIONS, ids=lambda spec: spec.kind)
def fusion(request: pytest.FixtureRequest) -> Fusion:
    spec: Any = request.param
    torch.manual_seed(1)
    made: Fusion = imported(FUSIONS[spec])(spec(), SIZES)
    return made


def test_every_post_gets_one_finite_vector_even_without_an_image(fusion: Fusion) -> None:
    for modalities in (given(), given(attributes=False, cells=(False, False))):
        assert fusion(modalities).shape == (1, HIDDEN)
        assert torch.isfinite(fusion(modalities)).all()


def test_what_stands_in_a_masked_cell_changes_nothing(fusion: Fusion) -> None:
    if isinstance(fusion, (TextPool, TopicMemory)):
        pytest.skip("it reads no cell")
    masked = given(cells=(True, False))
    image = masked.image
    assert isinstance(image, ProjectedCells)
    alone = replace(masked, seen=ProjectedCells(image.raw_BPD[:, :1], image.mask_BP[:, :1], image.project))

    torch.testing.assert_close(fusion(masked), fusion(alone))
    assert not torch.equal(fusion(masked), fusion(given()))
