"""What the tests of the fusions join."""

import numpy as np
import torch

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import ImageStates, Modalities, Sizes, TextStates
from mmkp_core.classic.blocks.image_cells import ProjectedCells
from mmkp_core.classic.fields.attributes import AttributeField, AttributeTensors

HIDDEN = 4
SIZES = Sizes(words=9, classes=2, cell_numbers=3, word_size=3, hidden=HIDDEN, dropout=0.0)


def given(attributes: bool = True, cells: tuple[bool, bool] = (True, True)) -> Modalities:
    """One post of two words, of an image of two cells, and of two attributes."""
    torch.manual_seed(0)
    text = TextStates(torch.randn(1, 2, HIDDEN), torch.tensor([[True, True]]), torch.randn(1, HIDDEN))
    raw, project = torch.randn(1, 2, 3), torch.nn.Linear(3, HIDDEN)
    mask = torch.tensor([cells])
    image: ImageStates = ProjectedCells(raw * mask.unsqueeze(-1), mask, project)
    words = AttributeTensors(torch.tensor([[5, 6]]), torch.tensor([[attributes, attributes]]))
    batch = ClassicBatch(np.array([0]), {AttributeField: words})
    return Modalities(batch, {AttributeField: torch.randn(1, 2, 3)}, text, image)
