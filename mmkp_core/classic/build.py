"""A network with fresh weights, put together from the parts of a spec."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from mmkp_core.classic.batch import AnyField
from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.handover import Handover
from mmkp_core.classic.blocks.neighbour_writer import NeighbourWriter
from mmkp_core.classic.declaration import require_fit
from mmkp_core.classic.fields.gold_words import GoldField
from mmkp_core.classic.fields.topic_words import topic_words
from mmkp_core.classic.fields.words import PARTS
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.parts.classifiers import CLASSIFIERS
from mmkp_core.classic.parts.encoders import ENCODERS
from mmkp_core.classic.parts.fusions import FUSIONS
from mmkp_core.classic.parts.images import IMAGES
from mmkp_core.classic.parts.matching import MATCHINGS
from mmkp_core.classic.parts.neighbours import NEIGHBOURS
from mmkp_core.classic.parts.stages import MatchedPhraseLossSpec
from mmkp_core.classic.parts.topics import TOPICS
from mmkp_core.classic.parts.writers import WRITERS
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import PAD
from mmkp_core.imports import imported


def build_model(spec: ClassicSpec, known: Vocabularies, cell_numbers: int) -> KeyphraseModel:
    """A model drawn from torch's generator as it stands; the order of the draws is part of a result."""
    require_fit(spec)
    sizes = Sizes(
        words=len(known.words),
        classes=len(known.classes),
        cell_numbers=cell_numbers,
        word_size=spec.word_size,
        hidden=spec.hidden,
        dropout=spec.dropout,
        topics=spec.topics.topics if spec.topics else 0,
        topic_words=topic_words(spec.topics, len(known.words))[1] if spec.topics else 0,
    )
    embedding = nn.Embedding(sizes.words, sizes.word_size, padding_idx=PAD)
    with torch.no_grad():
        embedding.weight.normal_(0.0, 0.1)[PAD] = 0.0
    image = _block(IMAGES, spec.image, sizes)
    matching = _block(MATCHINGS, spec.matching, sizes)
    topics = _block(TOPICS, spec.topics, sizes)
    fusion = _block(FUSIONS, spec.fusion, sizes)
    encoder = _block(ENCODERS, spec.encoder, sizes)
    classifier = _block(CLASSIFIERS, spec.classifier, sizes)
    writer = _block(WRITERS, spec.writer, sizes)
    neighbours = _block(NEIGHBOURS, spec.neighbours, sizes)
    if neighbours is not None:
        writer = NeighbourWriter(writer)
    handover = spec.writer.handover if spec.writer else None
    return KeyphraseModel(
        embedding=embedding,
        part_vectors=nn.Embedding(PARTS, sizes.word_size) if spec.reads.part_vectors else None,
        encoder=encoder,
        image=image,
        matching=matching,
        topics=topics,
        neighbours=neighbours,
        fusion=fusion,
        classifier=classifier,
        writer=writer,
        handover=Handover(handover, known) if handover else None,
        more_fields=objective_fields(spec),
    )


def objective_fields(spec: ClassicSpec) -> tuple[AnyField, ...]:
    """Those that no block needs, but what a stage learns."""
    gold = any(isinstance(s.objective, MatchedPhraseLossSpec) and s.objective.gold_cells for s in spec.stages)
    return (GoldField,) if gold and spec.matching else ()


def _block(table: Mapping[type[Any], str], part: Any, sizes: Sizes) -> Any:
    return None if part is None else imported(table[type(part)])(part, sizes)
