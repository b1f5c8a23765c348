import numpy as np
import torch

from mmkp_core.classic.blocks.copying_writer import CopyingWriter
from mmkp_core.classic.blocks.writer import Phrase
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import SEP
from tests.mmkp_core.classic.small import model_and_samples, small


def parts(sequence: Phrase) -> list[Phrase]:
    """The phrases of a sequence, cut one word after another."""
    found: list[Phrase] = []
    words: list[int] = []
    looks: list[int] = []
    for word, look in [*zip(sequence.words, sequence.looked_at, strict=True), (SEP, 0)]:
        if word == SEP:
            found += [Phrase(tuple(words), tuple(looks), sequence.score)] if words else []
            words, looks = [], []
        else:
            words.append(word)
            looks.append(look)
    return found


def test_a_sequence_of_all_phrases_is_cut_into_them_at_its_signs_those_of_the_best_first() -> None:
    model, samples = model_and_samples(small("one2seq"))
    model.eval()
    writer = model.writer
    assert isinstance(writer, CopyingWriter)
    with torch.inference_mode():
        for parameter in writer.parameters():
            parameter.mul_(2.0)
        writer.words.widen.bias[SEP] = 6.0  # it often ends a phrase
        sources = model.sources(model.encode(samples.batch(np.arange(8))), writer, handover=False)
        found = writer.phrases(sources, model.embedding, DecodeSpec(beam=3, steps=12, keep=1))
        sequences = beam_search(writer, model.embedding, sources, DecodeSpec(beam=3, steps=12, keep=3))

    assert found == [[part for sequence in post for part in parts(sequence)] for post in sequences]
    assert max(len(post) for post in found) > 3
