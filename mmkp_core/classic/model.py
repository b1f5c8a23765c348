"""The network of a classic system: of encoder, image side, topics, fusion, classifier and writer those that its
spec names.

Axes: B posts, H hidden, C classes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Block, Classifier, Encoder, Fusion, ImageSide, ImageStates, Modalities
from mmkp_core.classic.blocks.handover import Handover
from mmkp_core.classic.blocks.matching import Matched, Matching
from mmkp_core.classic.blocks.neighbours import Neighbours
from mmkp_core.classic.blocks.topic_model import TopicModel
from mmkp_core.classic.blocks.writer import Sources, Writer
from mmkp_core.classic.fields.words import WordField

Losses = Mapping[str, tuple[Tensor, int]]
"""Sums of negative log-likelihoods by name, and over how many."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch as it was read."""

    batch: ClassicBatch
    given: Modalities
    fused_BH: Tensor | None
    class_logits_BC: Tensor | None
    unfiltered: ImageStates | None
    """The image's cells before those that do not go with the text weigh less."""
    matched: Matched | None


class KeyphraseModel(nn.Module):
    def __init__(
        self,
        *,
        embedding: nn.Embedding,
        part_vectors: nn.Embedding | None,
        encoder: Encoder | None,
        image: ImageSide | None,
        matching: Matching | None,
        topics: TopicModel | None,
        neighbours: Neighbours | None,
        fusion: Fusion | None,
        classifier: Classifier | None,
        writer: Writer[Any] | None,
        handover: Handover | None,
        more_fields: tuple[AnyField, ...] = (),
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.part_vectors = part_vectors
        self.encoder = encoder
        self.image = image
        self.matching = matching
        self.topics = topics
        self.neighbours = neighbours
        self.fusion = fusion
        self.classifier = classifier
        self.writer = writer
        self.handover = handover
        self.more_fields = more_fields
        self.frozen: Collection[str] = ()

    def forward(self, batch: ClassicBatch, measure: "Callable[[KeyphraseModel, ClassicBatch], Losses]") -> Losses:
        """What an objective measures; it comes through here because a wrapper for several devices does."""
        return measure(self, batch)

    def encode(self, batch: ClassicBatch) -> Encoded:
        vectors = self._vectors(batch)
        text = self.encoder(batch[WordField], self._read(batch, vectors)) if self.encoder is not None else None
        unfiltered = image = self.image(batch) if self.image is not None else None
        matched = None
        if self.matching is not None:
            matched, image = self.matching(text, image, batch)
        topics = self.topics(batch) if self.topics is not None else None
        given = Modalities(batch, vectors, text, image, topics)
        fused_BH = self.fusion(given) if self.fusion is not None else None
        logits_BC = self.classifier(fused_BH) if self.classifier is not None else None
        return Encoded(batch, given, fused_BH, logits_BC, unfiltered, matched)

    def sources(self, encoded: Encoded, writer: Writer[Any], *, handover: bool) -> Sources:
        """What `writer` reads of a batch; with a hand-over the words of the best classes are among what it can copy."""
        topics = encoded.given.found
        read = writer.sources(
            encoded.given.text,
            encoded.fused_BH,
            encoded.batch[WordField].copied_BL,
            topics.mixture_BK if topics is not None else None,
        )
        if handover:
            if self.handover is None or encoded.class_logits_BC is None:
                raise TypeError("a model without a hand-over has nothing to hand over")
            read = self.handover(read, encoded.class_logits_BC)
        if self.neighbours is not None:
            read = self.neighbours(read, encoded.batch)
        return read

    def blocks(self) -> Iterator[Block]:
        """Those that it has, in the order in which word vectors are looked up."""
        parts = (self.encoder, self.writer, self.image, self.matching, self.topics, self.neighbours, self.fusion)
        for block in (*parts, self.classifier):
            if block is not None:
                yield block

    def fields(self) -> list[AnyField]:
        """The fields of a batch that its blocks need."""
        return list(dict.fromkeys((*(field for block in self.blocks() for field in block.fields), *self.more_fields)))

    def freeze(self, parts: Collection[str]) -> None:
        """Let these parts stay as they are, dropout included, and train all others."""
        self.frozen = parts
        for name, part in self.named_children():
            part.requires_grad_(name not in parts)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for name, part in self.named_children():
            if name in self.frozen:
                part.eval()
        return self

    def _read(self, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor]) -> Tensor:
        """The word vectors that are encoded."""
        if self.part_vectors is None:
            return vectors[WordField]
        read_LBE: Tensor = vectors[WordField] + self.part_vectors(batch[WordField].part_LB)
        return read_LBE

    def _vectors(self, batch: ClassicBatch) -> dict[AnyField, Tensor]:
        """Word vectors by field; one look-up for all: a second would be a second gradient as large as the table."""
        found = {field: tensors.word_numbers() for field, tensors in batch.fields.items()}
        numbers = {field: words for field, words in found.items() if words is not None}
        if not numbers:
            return {}
        whole = self.embedding(torch.cat([words.flatten() for words in numbers.values()]))
        parts = whole.split([words.numel() for words in numbers.values()])
        return {f: part.unflatten(0, words.shape) for (f, words), part in zip(numbers.items(), parts, strict=True)}
