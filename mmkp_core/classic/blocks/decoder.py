"""How is a phrase written word by word, each either generated, copied from the text, or copied from the classifier?

    h_t = GRU(word_{t-1}, h_{t-1})                          no input feeding, so whole phrases run at once
    a   = additive attention over the text's states
    c   = W [sum a_i state_i ; h_t] + b + fused vector
    P(word) = p Generate(c, h_t) + (1 - p) Copy(word),      p = sigmoid(w [c ; h_t ; word_{t-1}])
    Copy    = l Text(a) + (1 - l) Class                     with a hand-over of classes; else Text(a)

The release adds Text and Class in full, so that its "distribution" sums to 2 - p; the shares l are those of MM-MKP.
Axes: B posts, L words, S copied words, M rows (words to write; each belongs to one post), H hidden, E word size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.attention import AdditiveAttention
from mmkp_core.classic.blocks.gru import StepGru
from mmkp_core.classic.blocks.heads import WordHead
from mmkp_core.classic.spec import Handover

FLOOR = 1e-8  # added to a probability before its logarithm, as in the release


@dataclass(frozen=True, slots=True)
class Sources:
    """What the decoder reads of a batch of posts."""

    text_BLH: Tensor
    text_there_BL: Tensor
    keys_BLH: Tensor
    """The words' share of the attention score."""
    fused_BH: Tensor | None
    copied_BS: Tensor
    """Numbers of the words that can be copied: the text's L, then the classes' with a hand-over."""
    class_weights_BS: Tensor | None
    """How much of Class each of the classes' words is, by a hand-over."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the decoder says of the next word, row by row."""

    features_MI: Tensor
    """What words are generated from."""
    generate_M: Tensor
    """p: the share of generating."""
    copy_MS: Tensor
    """(1 - p) Copy, by place in `copied_BS`."""
    attention_ML: Tensor


class Decoder(nn.Module):
    def __init__(self, word_size: int, hidden: int, words: int, dropout: float, handover: Handover) -> None:
        super().__init__()
        self.gru = StepGru(word_size, hidden)
        self.attention = AdditiveAttention(hidden)
        self.context = nn.Linear(2 * hidden, hidden)
        self.words = WordHead(2 * hidden, hidden, words, dropout)
        self.generate = nn.Linear(2 * hidden + word_size, 1)
        self.text_share = nn.Linear(2 * hidden + word_size, 1) if handover == "normalised" else None

    def sources(self, text_BLH: Tensor, text_there_BL: Tensor, fused_BH: Tensor | None, copied_BL: Tensor) -> Sources:
        return Sources(text_BLH, text_there_BL, self.attention.prepare(text_BLH), fused_BH, copied_BL, None)

    def write(self, sources: Sources, state_MH: Tensor, word_ME: Tensor, post_M: Tensor) -> Written:
        """What comes after each state, which is the one after reading `word_ME`."""
        attention_ML = self.attention(sources.keys_BLH, sources.text_there_BL, state_MH, post_M)
        read_MH = torch.bmm(attention_ML.unsqueeze(1), sources.text_BLH.index_select(0, post_M)).squeeze(1)
        context_MH = self.context(torch.cat((read_MH, state_MH), dim=-1))
        if sources.fused_BH is not None:
            context_MH = context_MH + sources.fused_BH.index_select(0, post_M)
        features_MI = torch.cat((context_MH, state_MH), dim=-1)
        gate_inputs = torch.cat((features_MI, word_ME), dim=-1)
        generate_M = torch.sigmoid(self.generate(gate_inputs)).squeeze(-1)
        copy_MS = attention_ML
        if sources.class_weights_BS is not None:
            classes_MS = sources.class_weights_BS.index_select(0, post_M)
            if self.text_share is not None:
                share_M1 = torch.sigmoid(self.text_share(gate_inputs))
                copy_MS = torch.cat((share_M1 * attention_ML, (1 - share_M1) * classes_MS), dim=-1)
            else:
                copy_MS = torch.cat((attention_ML, classes_MS), dim=-1)
        return Written(features_MI, generate_M, (1 - generate_M).unsqueeze(-1) * copy_MS, attention_ML)

    def log_likelihood(self, sources: Sources, written: Written, target_M: Tensor, post_M: Tensor) -> Tensor:
        """log P of one word for each row; a number past the vocabulary can only be copied."""
        size = self.words.widen.out_features
        known_M = target_M < size
        generated_M = self.words.log_probability(written.features_MI, target_M.clamp(max=size - 1)).exp()
        matches_MS = sources.copied_BS.index_select(0, post_M) == target_M.unsqueeze(1)
        copied_M = (written.copy_MS * matches_MS).sum(-1)
        return (written.generate_M * generated_M * known_M + copied_M + FLOOR).log()
