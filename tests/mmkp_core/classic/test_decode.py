"""A beam of Python lists, one post at a time over the whole mixture, is the second opinion."""

import numpy as np
import pytest
import torch

from benchmarks.beam import list_beam
from mmkp_core.classic.batch import ClassicSamples, vocabularies
from mmkp_core.classic.blocks.decoder import Sources
from mmkp_core.classic.build import build_model
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.model import Encoded, KeyphraseModel
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import EOS
from tests.mmkp_core.classic.small import posts, small


def given(system: str, seed: int, end: float) -> tuple[KeyphraseModel, Encoded, Sources]:
    """A model of random weights that ends phrases with more (`end` high) or less zeal, and a batch that it has read."""
    spec = small(system, words=70)  # not all words are known, and they do not fill a block
    examples, features = posts(12, seed)
    known = vocabularies(examples, spec)
    torch.manual_seed(seed)
    model = build_model(spec, known, features.matrix.shape[2]).double().eval()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(3.0)  # decided enough for phrases to differ
        model.decoder.words.widen.bias[EOS] = end
    batch = ClassicSamples(examples, known, spec, features).batch(np.arange(12))
    batch.image_BPD.data = batch.image_BPD.double()
    encoded = model.encode(batch)
    return model, encoded, model.with_handover(encoded) if spec.handover != "none" else encoded.sources


@pytest.mark.parametrize("system", ["copy", "m3h-att", "m3h-att-as-released"])
@pytest.mark.parametrize("end", [-4.0, 2.0, 8.0])
@pytest.mark.parametrize("spec", [DecodeSpec(), DecodeSpec(beam=3, steps=4, keep=2), DecodeSpec(beam=1, keep=1)])
def test_all_posts_at_once_get_the_phrases_that_each_gets_alone(system: str, end: float, spec: DecodeSpec) -> None:
    model, encoded, sources = given(system, seed=1, end=end)
    with torch.inference_mode():
        together = beam_search(model.decoder, model.embedding, sources, encoded.start_BH, spec)
        for post, found in enumerate(together):
            alone = list_beam(model, sources, encoded.start_BH, post, spec)
            assert [list(phrase.words) for phrase in found] == [words for words, _ in alone]
            assert [phrase.score for phrase in found] == pytest.approx([score for _, score in alone], abs=1e-6)


def test_phrases_come_best_first_and_no_two_are_equal() -> None:
    model, encoded, sources = given("copy", seed=2, end=2.0)
    with torch.inference_mode():
        found = beam_search(model.decoder, model.embedding, sources, encoded.start_BH, DecodeSpec())

    for post in found:
        assert 1 <= len(post) <= 5
        assert len({phrase.words for phrase in post}) == len(post)
        assert all(len(phrase.words) == len(phrase.looked_at) <= 6 for phrase in post)


def test_a_beam_wider_than_the_vocabulary_follows_all_there_is() -> None:
    model, encoded, sources = given("copy", seed=3, end=2.0)
    with torch.inference_mode():
        found = beam_search(model.decoder, model.embedding, sources, encoded.start_BH, DecodeSpec(beam=100, steps=2))

    assert all(len(post) == 5 for post in found)
