"""The head that generates words.

Axes: M rows, I inputs, V vocabulary, H hidden.
"""

from torch import Tensor, nn


class WordHead(nn.Module):
    """Two linear layers to the vocabulary, with nothing but dropout between them."""

    def __init__(self, inputs: int, hidden: int, words: int, dropout: float) -> None:
        super().__init__()
        self.narrow = nn.Linear(inputs, hidden)
        self.widen = nn.Linear(hidden, words)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_MI: Tensor) -> Tensor:
        logits_MV: Tensor = self.widen(self.dropout(self.narrow(x_MI)))
        return logits_MV

    def log_probability(self, x_MI: Tensor, target_M: Tensor) -> Tensor:
        """Of one word for each row: training needs no other, so no distribution over all words is mixed."""
        return -nn.functional.cross_entropy(self(x_MI), target_M, reduction="none")
