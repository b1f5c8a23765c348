"""Which parts does a spec ask for? The only place where its choices are told apart."""

import torch
from torch import nn

from mmkp_core.classic.batch import Vocabularies
from mmkp_core.classic.blocks.decoder import Decoder
from mmkp_core.classic.blocks.fusion import EachAsksOthers, Fusion, ImageAsksText
from mmkp_core.classic.blocks.gru import BiGru
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.vocabulary import PAD, UNK
from mmkp_core.errors import WrongInput


def build_model(spec: ClassicSpec, known: Vocabularies, cell_size: int) -> KeyphraseModel:
    """A model with fresh weights, drawn from torch's generator as it stands."""
    if spec.classifier and spec.fusion == "none":
        raise WrongInput("classifier=True needs a fusion: set fusion to image_asks_text or each_asks_others")
    if spec.handover != "none" and not spec.classifier:
        raise WrongInput(f"handover={spec.handover!r} needs a classifier: set classifier=True")
    if spec.hidden % 2:
        raise WrongInput(f"hidden={spec.hidden} cannot be split between two reading directions; give an even number")
    embedding = nn.Embedding(len(known.words), spec.word_size, padding_idx=PAD)
    with torch.no_grad():
        embedding.weight.normal_(0.0, 0.1)[PAD] = 0.0
    attention = (spec.hidden, spec.heads, spec.head_size, spec.dropout)
    fusion: Fusion | None
    match spec.fusion:
        case "none":
            fusion = None
        case "image_asks_text":
            fusion = ImageAsksText(cell_size, *attention)
        case "each_asks_others":
            fusion = EachAsksOthers(cell_size, spec.word_size, *attention)
    return KeyphraseModel(
        embedding,
        BiGru(spec.word_size, spec.hidden, spec.layers, spec.dropout),
        fusion,
        nn.Linear(spec.hidden, len(known.classes)) if spec.classifier else None,
        Decoder(spec.word_size, spec.hidden, len(known.words), spec.dropout, spec.handover),
        cell_size=cell_size,
        class_words_CW=_class_words(known),
        handover_classes=spec.handover_classes,
    )


def _class_words(known: Vocabularies) -> torch.Tensor:
    """[C, W] the known words of each class, the rest PAD."""
    numbers = [[known.words.number(word) for word in phrase.split()] for phrase in known.classes.words]
    known_only = [[n for n in words if n != UNK] for words in numbers]
    table = torch.full((len(known_only), max(map(len, known_only), default=0) or 1), PAD)
    for row, words in enumerate(known_only[1:], start=1):
        table[row, : len(words)] = torch.tensor(words, dtype=torch.long)
    return table
