"""Attention: one vector picks what it needs from many.

Axes: B posts, N items asked, M askers (each belongs to one post), H hidden, K heads, S head size.
"""

import math

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """v . tanh(W_h item + W_s asker + b): a writer's attention over the words of its post."""

    def __init__(self, hidden: int, asker_numbers: int | None = None) -> None:
        super().__init__()
        self.items = nn.Linear(hidden, hidden, bias=False)
        self.asker = nn.Linear(asker_numbers or hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def prepare(self, items_BNH: Tensor) -> Tensor:
        """The items' share of the score, the same for every asker."""
        keys_BNH: Tensor = self.items(items_BNH)
        return keys_BNH

    def forward(self, keys_BNH: Tensor, mask_BN: Tensor, asker_MH: Tensor, post_M: Tensor) -> Tensor:
        """Weights [M, N] of each asker over the items of its post."""
        mixed_MNH = keys_BNH.index_select(0, post_M).add_(self.asker(asker_MH).unsqueeze(1)).tanh_()
        scores_MN = self.score(mixed_MNH).squeeze(-1)
        lowest = torch.finfo(scores_MN.dtype).min  # not -inf: where nothing is there the weights stay finite
        weights_MN: Tensor = scores_MN.masked_fill(~mask_BN.index_select(0, post_M), lowest).softmax(-1)
        return weights_MN


class PickingAttention(nn.Module):
    """Additive attention of one asker per post: what it picks of the post's items; zero where there is none."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.attention = AdditiveAttention(hidden)

    def forward(self, asker_BH: Tensor, items_BNH: Tensor, mask_BN: Tensor) -> Tensor:
        post_B = torch.arange(len(asker_BH), device=asker_BH.device)
        weights_BN = self.attention(self.attention.prepare(items_BNH), mask_BN, asker_BH, post_B) * mask_BN
        return torch.bmm(weights_BN.unsqueeze(1), items_BNH).squeeze(1)


class MultiHeadLayer(nn.Module):
    """One vector per post asks a post's items: multi-head attention, then a feed-forward block.

    Both parts have a residual and a layer norm. An asker that finds no item gets nothing from the first part.
    """

    def __init__(self, hidden: int, heads: int, head_size: int, dropout: float) -> None:
        super().__init__()
        deviation = math.sqrt(2 / (hidden + head_size))
        self.query = nn.Parameter(torch.randn(heads, hidden, head_size) * deviation)
        self.key = nn.Parameter(torch.randn(heads, hidden, head_size) * deviation)
        self.value = nn.Parameter(torch.randn(heads, hidden, head_size) * deviation)
        self.join = nn.Linear(heads * head_size, hidden)
        nn.init.xavier_normal_(self.join.weight)
        self.widen = nn.Linear(hidden, hidden)
        self.narrow = nn.Linear(hidden, hidden)
        self.norm_found = nn.LayerNorm(hidden)
        self.norm_out = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, asker_BH: Tensor, items_BNH: Tensor, mask_BN: Tensor) -> Tensor:
        # (asker Q)(item K)' is (asker Q K') item': with one asker, no item needs projecting, nor for its value
        asked_BKS = torch.einsum("bh,khs->bks", asker_BH, self.query)
        asked_BKH = torch.einsum("bks,khs->bkh", asked_BKS, self.key)
        scores_BKN = torch.bmm(asked_BKH, items_BNH.transpose(1, 2)) / math.sqrt(self.query.shape[-1])
        mask_B1N = mask_BN.unsqueeze(1)
        weights_BKN = scores_BKN.masked_fill(~mask_B1N, torch.finfo(scores_BKN.dtype).min).softmax(-1) * mask_B1N
        found_BKH = torch.bmm(self.dropout(weights_BKN), items_BNH)
        found_BKS = torch.einsum("bkh,khs->bks", found_BKH, self.value)
        found_BH = self.norm_found(asker_BH + self.dropout(self.join(found_BKS.flatten(1))))
        out_BH: Tensor = self.norm_out(found_BH + self.dropout(self.narrow(torch.relu(self.widen(found_BH)))))
        return out_BH


def masked_max(items_BNH: Tensor, mask_BN: Tensor) -> Tensor:
    """The highest of each number among the items that are there; what is not is never the highest."""
    return items_BNH.masked_fill(~mask_BN.unsqueeze(-1), torch.finfo(items_BNH.dtype).min).amax(1)


def masked_mean(items_BNH: Tensor, mask_BN: Tensor) -> Tensor:
    """The mean of the items that are there; zero where none is."""
    weights_BN = mask_BN / mask_BN.sum(1, keepdim=True).clamp(min=1)
    return torch.bmm(weights_BN.unsqueeze(1).to(items_BNH.dtype), items_BNH).squeeze(1)
