"""The fusion of BAN, low-rank bilinear attention: every word meets every cell.

    A_g = softmax over all pairs of  ((1 p_g') * relu(T U)) relu(V W)'
    f_g = sum over pairs of  A_g * (T_g U_g) * (V W_g),     number by number of the rank
    T_{g+1} = T_g + P_g f_g

The vector of a post is the sum of its words after the last glimpse; without a cell nothing is added to them. Axes: B
posts, L words, P cells, H hidden, K rank.
"""

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.block import Fusion, Modalities, Sizes
from mmkp_core.classic.parts.fusions import BilinearSpec


class Bilinear(Fusion):
    def __init__(self, spec: BilinearSpec, sizes: Sizes) -> None:
        super().__init__()
        hidden, rank = sizes.hidden, spec.rank
        self.word_weight = nn.Linear(hidden, rank)
        self.cell_weight = nn.Linear(hidden, rank)
        self.glimpse_GK = nn.Parameter(torch.randn(spec.glimpses, rank) / rank**0.5)
        self.words = nn.ModuleList([nn.Linear(hidden, rank) for _ in range(spec.glimpses)])
        self.cells = nn.ModuleList([nn.Linear(hidden, rank) for _ in range(spec.glimpses)])
        self.found = nn.ModuleList([nn.Linear(rank, hidden, bias=False) for _ in range(spec.glimpses)])
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, given: Modalities) -> Tensor:
        word_BLH, word_mask_BL = given.text.states_BLH, given.text.mask_BL
        cell_BPH, cell_mask_BP = given.image.cells(), given.image.mask_BP
        pair_BLP = word_mask_BL.unsqueeze(2) & cell_mask_BP.unsqueeze(1)
        asked_BLK, answer_BPK = torch.relu(self.word_weight(word_BLH)), torch.relu(self.cell_weight(cell_BPH))
        parts = zip(self.glimpse_GK, self.words, self.cells, self.found, strict=True)
        for glimpse_K, words, cells, found in parts:
            logits_BLP = torch.bmm(asked_BLK * glimpse_K, answer_BPK.transpose(1, 2))
            masked_BLP = logits_BLP.masked_fill(~pair_BLP, torch.finfo(logits_BLP.dtype).min)
            weights_BLP = masked_BLP.flatten(1).softmax(-1).view_as(pair_BLP) * pair_BLP
            found_BK = (words(word_BLH) * torch.bmm(weights_BLP, cells(cell_BPH))).sum(1)
            word_BLH = word_BLH + self.dropout(found(found_BK)).unsqueeze(1)
        return (word_BLH * word_mask_BL.unsqueeze(-1)).sum(1)
