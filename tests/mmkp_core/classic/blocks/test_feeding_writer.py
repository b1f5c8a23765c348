from collections.abc import Iterator

import pytest
import torch

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.feeding_writer import FeedingWriter
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.fields.phrases import PhraseField, PhraseTensors
from mmkp_core.classic.parts.writers import FeedingGruWriterSpec
from mmkp_core.data.vocabulary import BOS, EOS

WORDS, HIDDEN, WORD_SIZE = 11, 6, 4
SIZES = Sizes(words=WORDS, classes=3, cell_numbers=1, word_size=WORD_SIZE, hidden=HIDDEN, dropout=0.0, topics=2)
PHRASES = {1: [[7, 8, 9]], 0: [[6, WORDS], [10]]}  # by post; the number past the words is a post's own


def writer_and_sources(**changes: object) -> tuple[FeedingWriter, Sources, torch.nn.Embedding]:
    torch.manual_seed(0)
    writer = FeedingWriter(FeedingGruWriterSpec(**changes), SIZES).double()  # type: ignore[arg-type]
    mask = torch.tensor([[True, True, True], [True, False, False]])
    text = TextStates(torch.randn(2, 3, HIDDEN).double(), mask, torch.randn(2, HIDDEN).double())
    copied = torch.tensor([[6, 7, WORDS], [9, 0, 0]])
    sources = writer.sources(text, torch.randn(2, HIDDEN).double(), copied, torch.randn(2, 2).double())
    return writer, sources, torch.nn.Embedding(WORDS, WORD_SIZE).double()


def tensors() -> PhraseTensors:
    """The phrases of both posts, longest first."""
    phrases = [(1, [7, 8, 9]), (0, [6, WORDS]), (0, [10])]
    read = torch.tensor([[BOS, 7, 8, 9], [BOS, 6, 3, 0], [BOS, 10, 0, 0]])
    targets = [[*words, EOS] for _, words in phrases]
    places = [step * 3 + n for step in range(4) for n in range(3) if step < len(targets[n])]
    return PhraseTensors(
        [len(words) for words in targets],
        read.t(),
        torch.tensor([post for post, _ in phrases]),
        torch.tensor([targets[place % 3][place // 3] for place in places]),
        torch.tensor(places),
    )


def step_by_step(writer: FeedingWriter, sources: Sources, embedding: torch.nn.Embedding) -> Iterator[float]:
    """log P of each word, phrase by phrase."""
    for post, read, target in ((1, [BOS, 7, 8, 9], [7, 8, 9, EOS]), (0, [BOS, 6, 3], [6, WORDS, EOS]), (0, [BOS, 10], [10, EOS])):  # fmt: skip  # noqa: E501
        row = torch.tensor([post])
        state = writer.reorder(writer.start(sources), row)
        for word, expected in zip(read, target, strict=True):
            following, state = writer.step(sources, state, embedding(torch.tensor([word])), row)
            yield writer.weigh(sources, following, torch.tensor([expected]), row).item()


@pytest.mark.parametrize("changes", [{}, {"topics": ("words", "attention", "output", "switch")}, {"copying": None}])
def test_whole_phrases_are_as_likely_as_word_by_word(changes: dict[str, object]) -> None:
    writer, sources, embedding = writer_and_sources(**changes)
    phrases = tensors()
    batch = ClassicBatch(rows=None, fields={PhraseField: phrases})  # type: ignore[arg-type]
    with torch.no_grad():
        found = writer.log_likelihood(sources, batch, {PhraseField: embedding(phrases.read_TN)}, embedding)
        expected = list(step_by_step(writer, sources, embedding))

    by_phrase = [(place % 3, place // 3) for place in phrases.place_M.tolist()]
    order = sorted(range(len(by_phrase)), key=lambda n: by_phrase[n])
    assert [found[n].item() for n in order] == pytest.approx(expected, rel=1e-9)


def test_a_step_is_the_formula() -> None:
    writer, sources, _ = writer_and_sources()
    state, word = torch.randn(1, HIDDEN).double(), torch.randn(1, WORD_SIZE).double()
    with torch.no_grad():
        following, after = writer.step(sources, state, word, torch.tensor([0]))
        text = sources.text.states_BLH[0]
        attention = writer.attention
        scores = [
            attention.score.weight[0] @ torch.tanh(attention.items.weight @ item + attention.asker(state)[0])
            for item in text
        ]
        weights = torch.stack(scores).softmax(0)
        found = sum(weight * item for weight, item in zip(weights, text, strict=True))
        expected = writer.gru.step(torch.cat((word[0], found)).unsqueeze(0), state)
        assert sources.fused_BH is not None
        features = torch.cat((found + sources.fused_BH[0], expected[0], word[0]))

    torch.testing.assert_close(after, expected)
    torch.testing.assert_close(following.attention_ML[0], weights)
    torch.testing.assert_close(following.features_MI[0], features)


def test_what_follows_is_a_distribution() -> None:
    writer, sources, _ = writer_and_sources()
    rows, post = WORDS + 1, torch.zeros(WORDS + 1, dtype=torch.long)
    word, state = torch.randn(1, WORD_SIZE).double(), torch.randn(1, HIDDEN).double()
    with torch.no_grad():
        following, _ = writer.step(sources, state.expand(rows, -1), word.expand(rows, -1), post)
        total = writer.weigh(sources, following, torch.arange(rows), post).exp().sum()

    assert total.item() == pytest.approx(1.0, abs=1e-6)
