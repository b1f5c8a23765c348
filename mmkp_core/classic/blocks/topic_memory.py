"""The fusion of TMN: each word is compared with the topics' words, and convolutions read what becomes of them.

    word_l    = W1 vector_l
    topic_k   = relu(W2 row_k)                        row_k: how much topic k uses each word
    match_lk  = word_l . topic_k + mixture_k
    read_l    = relu(word_l + relu(W3 match_l))
    fused     = the highest, over l, of convolutions of width 1, 2 and 3 over read

In the original, topics and classifier learn in turns and what the one hands the other is a constant; so it is here,
where they learn together. Axes: B posts, L words, M memory numbers, K topics, V topic words, F filters.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.fields.words import WordField
from mmkp_core.classic.parts.fusions import TopicMemorySpec
from mmkp_core.errors import WrongInput

WIDTHS = (1, 2, 3)


class TopicMemory(Fusion):
    fields: ClassVar[tuple[AnyField, ...]] = (WordField,)

    def __init__(self, spec: TopicMemorySpec, sizes: Sizes) -> None:
        super().__init__()
        if sizes.hidden % len(WIDTHS):
            raise WrongInput(f"hidden={sizes.hidden} cannot be shared evenly by convolutions of {len(WIDTHS)} widths")
        self.word = nn.Linear(sizes.word_size, spec.memory)
        self.topic = nn.Linear(sizes.topic_words, spec.memory)
        self.matched = nn.Linear(sizes.topics, spec.memory)
        filters = sizes.hidden // len(WIDTHS)
        self.convolutions = nn.ModuleList([nn.Conv1d(spec.memory, filters, width) for width in WIDTHS])
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        topics, mask_BL = given.topics, given.batch[WordField].mask_BL
        word_BLM = self.word(given.vectors[WordField].transpose(0, 1))
        topic_KM = torch.relu(self.topic(topics.words_VK.detach().t()))
        match_BLK = word_BLM @ topic_KM.t() + topics.mean_mixture_BK.detach().unsqueeze(1)
        read_BLM = torch.relu(word_BLM + torch.relu(self.matched(match_BLK))) * mask_BL.unsqueeze(-1)
        fused: Tensor = self.dropout(torch.cat([self._highest(c, read_BLM, mask_BL) for c in self.convolutions], dim=1))
        return fused

    def _highest(self, convolution: nn.Module, read_BLM: Tensor, mask_BL: Tensor) -> Tensor:
        """[B, F]; a window begins at each word, and past the last one it reads zeros."""
        width = int(convolution.kernel_size[0])  # type: ignore[index]
        found_BFL = convolution(nn.functional.pad(read_BLM.transpose(1, 2), (0, width - 1)))
        lowest = torch.finfo(found_BFL.dtype).min
        return torch.relu(found_BFL.masked_fill(~mask_BL.unsqueeze(1), lowest).amax(2))
