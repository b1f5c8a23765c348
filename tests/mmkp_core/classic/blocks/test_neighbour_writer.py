"""The mixture written out word by word is the second opinion."""

from typing import Any

import numpy as np
import pytest
import torch

from mmkp_core.classic.blocks.copying_writer import CopyingWriter
from mmkp_core.classic.blocks.neighbour_writer import NeighbourWriter, begun
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.fields.neighbours import NeighbourField
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import BOS, EOS, PAD, UNK
from tests.mmkp_core.classic.small import model_and_samples, small

POSTS = 9


def read(writer: str = "gru") -> tuple[KeyphraseModel, Any, Any, Sources]:
    sizes = {"hidden": 16} if writer == "transformer" else {}  # four heads share it
    spec = small("neighbour-copy", dropout=0.0, writer__kind=writer, **sizes)
    model, samples = model_and_samples(spec, 24)
    model = model.double().eval()
    batch = samples.batch(np.arange(POSTS))
    batch[NeighbourField].facts_BKF.data = batch[NeighbourField].facts_BKF.double()
    assert model.writer is not None
    with torch.no_grad():
        encoded = model.encode(batch)
        return model, batch, encoded, model.sources(encoded, model.writer, handover=False)


def distribution(model: KeyphraseModel, sources: Sources, post: int, words: list[int]) -> torch.Tensor:
    """Of each number after `words`."""
    writer = model.writer
    assert isinstance(writer, NeighbourWriter)
    inside: CopyingWriter[Any] = writer.inside
    row = torch.tensor([post])
    state = inside.reorder(inside.start(sources), row)
    for word in [BOS, *words]:
        vector = model.embedding(torch.tensor([word if word < model.embedding.num_embeddings else UNK]))
        following, state = inside.step(sources, state, vector, row)
    known = model.embedding.num_embeddings
    out = torch.zeros(max(known, int(sources.copied_BS.max()) + 1)).double()
    out[:known] = inside.words(following.features_MI)[0].softmax(-1) * following.generate_M
    lent = [
        ([n for n in phrase if n != PAD], float(weight))
        for phrase, weight in zip(
            sources.lent_words_BKT[post].tolist(), sources.lent_weights_BK[post].tolist(), strict=True
        )
    ]
    alive = [(phrase, weight) for phrase, weight in lent if phrase and phrase[: len(words)] == words and weight > 0]
    alive = [(phrase, weight) for phrase, weight in alive if len(phrase) > len(words)]
    total = sum(weight for _, weight in alive)
    highest = max((weight for _, weight in alive), default=0.0)
    facts = torch.tensor([[total, highest, float(total > 0)]]).double()
    share = float(torch.sigmoid(writer.lend(torch.cat((following.features_MI, facts), 1)))) if alive else 0.0
    places = following.copy_MS.shape[1]
    for place, probability in enumerate(following.copy_MS[0].tolist()):
        out[sources.copied_BS[post, place]] += (1 - share) * probability
    assert places < sources.copied_BS.shape[1]
    for phrase, weight in alive:
        out[phrase[len(words)]] += share * (1 - float(following.generate_M)) * weight / total
    return out


@pytest.mark.parametrize("writer", ["gru", "feeding_gru", "transformer"])
def test_keyphrases_of_others_are_copied_where_they_go_on_as_the_phrase_began(writer: str) -> None:
    model, batch, encoded, sources = read(writer)
    phrases = batch[PhraseField]
    assert isinstance(model.writer, NeighbourWriter)
    with torch.no_grad():
        found = model.writer.log_likelihood(sources, batch, encoded.given.vectors, model.embedding)
        begins: dict[int, list[int]] = {}
        for at, place in enumerate(phrases.place_M.tolist()):
            number = place % len(phrases.post_N)
            words = begins.setdefault(number, [])
            expected = distribution(model, sources, int(phrases.post_N[number]), words)
            assert expected.sum().item() == pytest.approx(1.0, abs=1e-6)
            target = int(phrases.target_M[at])
            assert found[at].exp().item() == pytest.approx(expected[target].item() + 1e-8, rel=1e-6)
            words.append(target)


def test_a_beam_follows_the_lent_phrases_that_its_beginnings_have_begun() -> None:
    model, _, _, sources = read()
    assert model.writer is not None
    with torch.no_grad():
        for post, phrases in enumerate(beam_search(model.writer, model.embedding, sources, DecodeSpec(beam=6, keep=3))):
            for phrase in phrases:
                words = [*phrase.words, EOS][:6]
                logs = [
                    float((distribution(model, sources, post, words[:at])[word] + 1e-8).log())
                    for at, word in enumerate(words)
                ]
                assert phrase.score == pytest.approx(sum(logs) / len(logs), abs=1e-6)


def test_phrases_are_begun_as_long_as_they_agree() -> None:
    words = torch.tensor([[[5, 6, EOS], [5, EOS, PAD], [7, EOS, PAD], [PAD, PAD, PAD]]])
    target = torch.tensor([[5, 6, 9, EOS]])

    assert begun(words, target)[0].tolist() == [
        [True, True, True, True],
        [True, True, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]
    assert begun(words, target[:, :1])[0].tolist() == [[True, True, True, True]]


def test_without_neighbours_nothing_can_be_lent() -> None:
    model, samples = model_and_samples(small("copy"), 6)
    assert model.writer is not None
    sources = model.sources(model.encode(samples.batch(np.arange(3))), model.writer, handover=False)
    with pytest.raises(TypeError, match="without neighbours"):
        _ = sources.lent_words_BKT
