"""What the tests of the classic systems share."""

from collections.abc import Iterator

import pytest
import torch

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from tests.mmkp_core.classic.small import small


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=[system.id for system in CLASSIC_SYSTEMS])
def each_spec(request: pytest.FixtureRequest) -> ClassicSpec:
    return small(request.param)
