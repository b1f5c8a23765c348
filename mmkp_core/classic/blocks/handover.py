"""The hand-over: the words of the classifier's best phrases become words that the writer can copy.

Axes: B posts, C classes, K best classes, W words of a class, S copied words.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.parts.writers import HandoverSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import PAD, UNK


class Handover(nn.Module):
    class_words_CW: Tensor

    def __init__(self, spec: HandoverSpec, known: Vocabularies) -> None:
        super().__init__()
        self.most = spec.classes
        self.register_buffer("class_words_CW", class_words(known))

    def forward(self, sources: Sources, class_logits_BC: Tensor) -> Sources:
        logits_BC = class_logits_BC.detach()[:, 1:]  # class 0 stands for any other phrase
        best = logits_BC.topk(min(self.most, logits_BC.shape[1]), dim=1)
        words_BKW = self.class_words_CW[best.indices + 1]
        blank_BS = (words_BKW == PAD).flatten(1)
        logits_BS = best.values.unsqueeze(-1).expand_as(words_BKW).flatten(1)
        weights_BS = logits_BS.masked_fill(blank_BS, torch.finfo(logits_BS.dtype).min).softmax(-1) * ~blank_BS
        copied_BS = torch.cat((sources.copied_BS, words_BKW.flatten(1)), dim=1)
        return replace(sources, copied_BS=copied_BS, class_weights_BS=weights_BS)


def class_words(known: Vocabularies) -> Tensor:
    """[C, W] the known words of each class, the rest PAD."""
    numbers = [[known.words.number(word) for word in phrase.split()] for phrase in known.classes.words]
    known_only = [[n for n in words if n != UNK] for words in numbers]
    table = torch.full((len(known_only), max(map(len, known_only), default=0) or 1), PAD)
    for row, words in enumerate(known_only[1:], start=1):
        table[row, : len(words)] = torch.tensor(words, dtype=torch.long)
    return table
