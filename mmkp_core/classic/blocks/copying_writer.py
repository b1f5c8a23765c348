"""What a writer makes of its states: each word is generated, copied from the text, or copied from the classifier's
phrases.

    h_t = the writer's state after word_{t-1}              of a GRU or a Transformer
    a   = additive attention over the text's states
    c   = W [sum a_i state_i ; h_t] + b + fused vector
    P(word) = p Generate(c, h_t) + (1 - p) Copy(word),      p = sigmoid(w [c ; h_t ; word_{t-1}])
    Copy    = l Text(a) + (1 - l) Class                     with a hand-over of classes; else Text(a)

Without copying p is 1. The release of M3H-ATT adds Text and Class in full, so that its "distribution" sums to 2 - p;
the shares l are those of MM-MKP. In TOPIC the topics of the post stand beside word_{t-1}, beside h_t in the attention
and beside what Generate and p read. Axes: B posts, L words, S copied words, M rows (words to write; each belongs to one
post), N phrases, T steps, H hidden, E word size.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.attention import AdditiveAttention
from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.heads import WordHead
from mmkp_core.classic.blocks.writer import FLOOR, NextWords, Phrase, Sources, State, Writer
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.fields.phrases import PhraseField, PhraseTensors
from mmkp_core.classic.parts.writers import CopyingSpec, SequenceSpec, TopicPlace
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import SEP


class CopyingWriter(Writer[State]):
    def __init__(self, spec: CopyingSpec, sizes: Sizes, *, feeds: bool = False) -> None:
        super().__init__()
        self.one_sequence = isinstance(spec, SequenceSpec) and spec.target == "all"
        self.reads_topics = frozenset(spec.topics)
        hidden = sizes.hidden
        features = 2 * hidden + feeds * sizes.word_size + self.topics_in("output", sizes)
        gate_inputs = 2 * hidden + sizes.word_size + self.topics_in("switch", sizes)
        shares = spec.handover.shares if spec.handover else None
        self.attention = AdditiveAttention(hidden, hidden + self.topics_in("attention", sizes))
        self.context = None if feeds else nn.Linear(2 * hidden, hidden)
        self.words = WordHead(features, hidden, sizes.words, sizes.dropout)
        self.generate = nn.Linear(gate_inputs, 1) if spec.copying else None
        self.text_share = nn.Linear(gate_inputs, 1) if shares == "normalised" else None

    def topics_in(self, place: TopicPlace, sizes: Sizes) -> int:
        """How many numbers the topics add there."""
        return sizes.topics if place in self.reads_topics else 0

    def with_topics(self, place: TopicPlace, of_MX: Tensor, sources: Sources, post_M: Tensor) -> Tensor:
        """With the topics of each row's post beside it, where the writer reads them there."""
        if place not in self.reads_topics or sources.topics_BK is None:
            return of_MX
        topics_MK = sources.topics_BK.index_select(0, post_M)
        if of_MX.dim() == 3:  # [M, T, X]
            topics_MK = topics_MK.unsqueeze(1).expand(-1, of_MX.shape[1], -1)
        return torch.cat((of_MX, topics_MK), dim=-1)

    def sources(
        self, text: TextStates, fused_BH: Tensor | None, copied_BL: Tensor, topics_BK: Tensor | None = None
    ) -> Sources:
        copied_BS = copied_BL if self.generate is not None else copied_BL[:, :0]
        return Sources(text, self.attention.prepare(text.states_BLH), fused_BH, copied_BS, topics_BK)

    def phrases(self, sources: Sources, embedding: nn.Embedding, spec: DecodeSpec) -> list[list[Phrase]]:
        if not self.one_sequence:
            return beam_search(self, embedding, sources, spec)
        sequences = beam_search(self, embedding, sources, replace(spec, keep=spec.beam))
        return [[phrase for sequence in post for phrase in _parts(sequence)] for post in sequences]

    @abstractmethod
    def following(self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor]) -> NextWords:
        """What comes after each word [M] of the batch's phrases."""

    def log_likelihood(
        self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor], embedding: nn.Embedding
    ) -> Tensor:
        phrases = batch[PhraseField]
        return self.weigh(sources, self.following(sources, batch, vectors), phrases.target_M, phrases.post_M)

    def attended(self, sources: Sources, state_MH: Tensor, post_M: Tensor) -> tuple[Tensor, Tensor]:
        """The attention of each state over the words of its text, and what it finds there."""
        asker_MX = self.with_topics("attention", state_MH, sources, post_M)
        attention_ML = self.attention(sources.keys_BLH, sources.text.mask_BL, asker_MX, post_M)
        read_MH = torch.bmm(attention_ML.unsqueeze(1), sources.text.states_BLH.index_select(0, post_M)).squeeze(1)
        return attention_ML, read_MH

    def answer(
        self,
        sources: Sources,
        read_MH: Tensor,
        state_MH: Tensor,
        word_ME: Tensor,
        attention_ML: Tensor,
        post_M: Tensor,
    ) -> NextWords:
        """What comes after each state, given what it found in its text."""
        context_MH = read_MH if self.context is None else self.context(torch.cat((read_MH, state_MH), dim=-1))
        if sources.fused_BH is not None:
            context_MH = context_MH + sources.fused_BH.index_select(0, post_M)
        both_MI = torch.cat((context_MH, state_MH), dim=-1)
        fed_MI = both_MI if self.context is not None else torch.cat((both_MI, word_ME), dim=-1)
        features_MI = self.with_topics("output", fed_MI, sources, post_M)
        if self.generate is None:
            return NextWords(features_MI, attention_ML.new_ones(len(post_M)), attention_ML[:, :0], attention_ML)
        gate_inputs = self.with_topics("switch", torch.cat((both_MI, word_ME), dim=-1), sources, post_M)
        generate_M = torch.sigmoid(self.generate(gate_inputs)).squeeze(-1)
        copy_MS = attention_ML
        if sources.class_weights_BS is not None:
            classes_MS = sources.class_weights_BS.index_select(0, post_M)
            if self.text_share is not None:
                share_M1 = torch.sigmoid(self.text_share(gate_inputs))
                copy_MS = torch.cat((share_M1 * attention_ML, (1 - share_M1) * classes_MS), dim=-1)
            else:
                copy_MS = torch.cat((attention_ML, classes_MS), dim=-1)
        return NextWords(features_MI, generate_M, (1 - generate_M).unsqueeze(-1) * copy_MS, attention_ML)

    def weigh(self, sources: Sources, following: NextWords, target_M: Tensor, post_M: Tensor) -> Tensor:
        """log P of one word for each row; a number past the vocabulary can only be copied."""
        size = self.words.widen.out_features
        known_M = target_M < size
        generated_M = self.words.log_probability(following.features_MI, target_M.clamp(max=size - 1)).exp()
        matches_MS = sources.copied_BS.index_select(0, post_M) == target_M.unsqueeze(1)
        copied_M = (following.copy_MS * matches_MS).sum(-1)
        return (following.generate_M * generated_M * known_M + copied_M + FLOOR).log()


class WholePhraseWriter(CopyingWriter[State]):
    """A copying writer whose states need the words alone: whole phrases are read at once."""

    @abstractmethod
    def states(self, sources: Sources, phrases: PhraseTensors, word_TNE: Tensor) -> Tensor:
        """The state [T, N, H] after each word of the phrases; what stands in their padding means nothing."""

    def following(self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor]) -> NextWords:
        phrases, word_TNE = batch[PhraseField], vectors[PhraseField]
        state_TNH = self.states(sources, phrases, word_TNE)
        state_MH = state_TNH.flatten(0, 1).index_select(0, phrases.place_M)
        word_ME = word_TNE.flatten(0, 1).index_select(0, phrases.place_M)
        return self.next_words(sources, state_MH, word_ME, phrases.post_M)

    def next_words(self, sources: Sources, state_MH: Tensor, word_ME: Tensor, post_M: Tensor) -> NextWords:
        """What comes after each state, which is the one after reading `word_ME`."""
        attention_ML, read_MH = self.attended(sources, state_MH, post_M)
        return self.answer(sources, read_MH, state_MH, word_ME, attention_ML, post_M)


def _parts(sequence: Phrase) -> Iterator[Phrase]:
    """The phrases of one sequence; each has the score of the whole."""
    places = range(len(sequence.words))
    for sign, found in groupby(places, key=lambda place: sequence.words[place] == SEP):
        if not sign:
            part = list(found)
            words, looked_at = ([of[place] for place in part] for of in (sequence.words, sequence.looked_at))
            yield Phrase(tuple(words), tuple(looked_at), sequence.score)
