"""What the tests of the fusions join."""

import numpy as np
import torch

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import ImageStates, Modalities, Sizes, TextStates, Topics
from mmkp_core.classic.blocks.image_cells import ProjectedCells
from mmkp_core.classic.fields.attributes import AttributeField, AttributeTensors
from mmkp_core.classic.fields.words import WordField, WordTensors

HIDDEN = 6
SIZES = Sizes(words=9, classes=2, cell_numbers=3, word_size=3, hidden=HIDDEN, dropout=0.0, topics=2, topic_words=5)


def given(attributes: bool = True, cells: tuple[bool, bool] = (True, True)) -> Modalities:
    """One post of two words, of an image of two cells, and of two attributes."""
    torch.manual_seed(0)
    text = TextStates(torch.randn(1, 2, HIDDEN), torch.tensor([[True, True]]), torch.randn(1, HIDDEN))
    raw, project = torch.randn(1, 2, 3), torch.nn.Linear(3, HIDDEN)
    mask = torch.tensor([cells])
    image: ImageStates = ProjectedCells(raw * mask.unsqueeze(-1), mask, project)
    words = AttributeTensors(torch.tensor([[5, 6]]), torch.tensor([[attributes, attributes]]))
    numbers = torch.tensor([[7, 8]])
    read = WordTensors([2], numbers.t(), numbers, text.mask_BL, torch.zeros(2, 1, dtype=torch.long))
    batch = ClassicBatch(np.array([0]), {AttributeField: words, WordField: read})
    topics = Topics(torch.randn(1, 2), torch.randn(1, 2), torch.randn(5, 2), torch.tensor(0.0))
    vectors = {AttributeField: torch.randn(1, 2, 3), WordField: torch.randn(2, 1, 3)}
    return Modalities(batch, vectors, text, image, topics)
