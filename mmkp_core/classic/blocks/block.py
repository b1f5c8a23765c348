"""Blocks: the networks of a system's parts, and what they hand to one another.

Axes: B posts, L words, P cells, D numbers per cell, H hidden, E word size, C classes,
K topics, V topic words.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.words import WordTensors


@dataclass(frozen=True, slots=True)
class Sizes:
    """What all parts of a system agree on."""

    words: int
    classes: int
    cell_numbers: int
    word_size: int
    hidden: int
    dropout: float
    topics: int = 0
    topic_words: int = 0


class Block(nn.Module):
    """The network of one part, made from that part's spec and the sizes: `Block(spec, sizes)`."""

    fields: ClassVar[tuple[AnyField, ...]] = ()
    """The fields of a batch that it needs."""

    def prepare(self, train: FieldInputs) -> None:
        """Take from the training posts what is not learned by gradient; called once, before training."""


@dataclass(frozen=True, slots=True)
class TextStates:
    states_BLH: Tensor
    mask_BL: Tensor
    last_BH: Tensor
    """After the whole text: where a writer starts."""


@dataclass(frozen=True, slots=True)
class Topics:
    mixture_BK: Tensor
    """How much of each topic is in a post; drawn at random around `mean_mixture_BK` while training."""
    mean_mixture_BK: Tensor
    words_VK: Tensor
    """How much each topic uses each word."""
    loss: Tensor
    """How badly they explain the words of the posts, summed."""


class ImageStates(ABC):
    """The cells of an image; projected only where a fusion asks for each of them."""

    mask_BP: Tensor

    @abstractmethod
    def cells(self) -> Tensor:
        """[B, P, H]"""

    @abstractmethod
    def mean(self) -> Tensor:
        """[B, H] of the cells that are there."""

    @abstractmethod
    def of(self, row_B: Tensor) -> "ImageStates":
        """The images of other rows, one for each."""


@dataclass(frozen=True, slots=True)
class Modalities:
    """What is known of a batch of posts before it is joined; what is missing is masked."""

    batch: ClassicBatch
    vectors: Mapping[AnyField, Tensor]
    """The word vectors of the fields that have words."""
    encoded: TextStates | None
    seen: ImageStates | None
    found: Topics | None = None

    @property
    def text(self) -> TextStates:
        if self.encoded is None:
            raise TypeError("a system without an encoder has no text to join")
        return self.encoded

    @property
    def image(self) -> ImageStates:
        if self.seen is None:
            raise TypeError("a system without an image side has no image to join")
        return self.seen

    @property
    def topics(self) -> Topics:
        if self.found is None:
            raise TypeError("a system without topics has none to join")
        return self.found


class Encoder(Block, ABC):
    @abstractmethod
    def forward(self, words: WordTensors, vectors_LBE: Tensor) -> TextStates:
        """Texts as states, word by word."""


class ImageSide(Block, ABC):
    @abstractmethod
    def forward(self, batch: ClassicBatch) -> ImageStates:
        """The vectors of the posts' images."""


class Fusion(Block, ABC):
    @abstractmethod
    def forward(self, given: Modalities) -> Tensor:
        """One vector [B, H] per post."""


class Classifier(Block, ABC):
    @abstractmethod
    def forward(self, fused_BH: Tensor) -> Tensor:
        """Logits [B, C] of the training phrases; class 0 stands for any other phrase."""
