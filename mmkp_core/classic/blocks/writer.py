"""Writers: what generates phrases word by word, in training all at once and in decoding step by step.

Axes: B posts, L words, S copied words, R rows (each belongs to one post), M words to be written, H hidden, E word size,
K topics.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Block, TextStates
from mmkp_core.classic.blocks.heads import WordHead
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.spec import DecodeSpec

FLOOR = 1e-8  # added to a probability before its logarithm, as in the release of M3H-ATT

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Lent:
    """Phrases of other posts that a writer can copy as they are."""

    words_BKT: Tensor
    """With their end signs; PAD behind them."""
    weights_BK: Tensor
    """Adding up to 1 where there is any."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a writer reads of a batch of posts."""

    text: TextStates
    keys_BLH: Tensor
    """What the writer's attention works out of the text once, for all steps."""
    fused_BH: Tensor | None
    copied_BS: Tensor
    """Numbers of the words that can be copied: the text's L (none without copying), then those of a hand-over, then
    those of lent phrases."""
    topics_BK: Tensor | None = None
    """How much of each topic is in a post, where the writer reads it."""
    class_weights_BS: Tensor | None = None
    """How much each of the classes' words weighs among them, with a hand-over."""
    lent: Lent | None = None

    @property
    def lent_words_BKT(self) -> Tensor:
        return self._lent.words_BKT

    @property
    def lent_weights_BK(self) -> Tensor:
        return self._lent.weights_BK

    @property
    def _lent(self) -> Lent:
        if self.lent is None:
            raise TypeError("a system without neighbours has no phrases to copy")
        return self.lent


@dataclass(frozen=True, slots=True)
class NextWords:
    """What a writer says of the next word, row by row."""

    features_MI: Tensor
    """What words are generated from."""
    generate_M: Tensor
    """The share of generating."""
    copy_MS: Tensor
    """The probability of copying, by place in `copied_BS`."""
    attention_ML: Tensor
    """Over the words of the text; for an unknown word stands the one most attended to."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A generated phrase in numbers, without its end sign."""

    words: tuple[int, ...]
    looked_at: tuple[int, ...]
    """The place of the source text most attended to at each word."""
    score: float
    """Mean log-probability of its words and end sign."""


class Stepping(Protocol[State]):
    """What a beam search needs of a writer; its state is whatever it has to remember of the words written so far."""

    @property
    def words(self) -> WordHead:
        """Generates words from `features_MI`."""

    def start(self, sources: Sources) -> State:
        """The state before the first word, a row for each post."""

    def step(self, sources: Sources, state: State, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, State]:
        """What may follow once `word_RE` is read, and the state after it; row R belongs to post `post_R`."""

    def reorder(self, state: State, row_R: Tensor) -> State:
        """The state whose row R goes on from row `row_R` of this one; a row may go on twice or not at all."""

    def written(self, sources: Sources, state: State, word_R: Tensor, post_R: Tensor) -> State:
        """The state once `word_R` is chosen; a number past the vocabulary is its post's own."""


class Writer(Block, ABC, Generic[State]):
    """Implementations fulfil `Stepping`."""

    fields: ClassVar[tuple[AnyField, ...]] = (PhraseField,)
    words: WordHead

    @abstractmethod
    def sources(
        self, text: TextStates, fused_BH: Tensor | None, copied_BL: Tensor, topics_BK: Tensor | None = None
    ) -> Sources:
        """A batch, ready to be written about."""

    @abstractmethod
    def log_likelihood(
        self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor], embedding: nn.Embedding
    ) -> Tensor:
        """log P of each word [M] of the batch's phrases."""

    @abstractmethod
    def phrases(self, sources: Sources, embedding: nn.Embedding, spec: DecodeSpec) -> list[list[Phrase]]:
        """The phrases of each post of a batch, best first; some may be equal."""

    @abstractmethod
    def start(self, sources: Sources) -> State: ...

    @abstractmethod
    def step(self, sources: Sources, state: State, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, State]: ...

    @abstractmethod
    def reorder(self, state: State, row_R: Tensor) -> State: ...

    def written(self, sources: Sources, state: State, word_R: Tensor, post_R: Tensor) -> State:
        return state
