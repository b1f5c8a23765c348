"""Loops over posts, codes and steps, and the best of all permutations, are the second opinion."""

from itertools import permutations

import pytest
import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.set_writer import SetWriter
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.fields.phrase_sets import PhraseSetField, PhraseSetTensors
from mmkp_core.classic.parts.writers import SetWriterSpec
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import BOS, EOS, NULL, PAD, UNK

WORDS, HIDDEN, WORD_SIZE, CODES = 11, 6, 4, 6
SIZES = Sizes(words=WORDS, classes=3, cell_numbers=1, word_size=WORD_SIZE, hidden=HIDDEN, dropout=0.0)
OWN = WORDS  # the number of a word that only its post knows
NONE = [NULL, PAD, PAD, PAD]
TARGET = torch.tensor(
    [
        [[6, 7, EOS, PAD], [OWN, EOS, PAD, PAD], NONE, [9, EOS, PAD, PAD], [10, 6, 8, EOS], [8, EOS, PAD, PAD]],
        [[9, EOS, PAD, PAD], *[NONE] * 5],
    ]
)  # fmt: skip


def written_by(seed: int = 0, **changes: object) -> tuple[SetWriter, Sources, nn.Embedding]:
    torch.manual_seed(seed)
    spec = SetWriterSpec(layers=2, heads=2, inner=8, codes=CODES, steps=4, **changes)  # type: ignore[arg-type]
    writer, embedding = SetWriter(spec, SIZES).double().eval(), nn.Embedding(WORDS, WORD_SIZE).double()
    mask = torch.tensor([[True, True, True], [True, False, False]])
    text = TextStates(torch.randn(2, 3, HIDDEN).double(), mask, torch.randn(2, HIDDEN).double())
    return writer, writer.sources(text, None, torch.tensor([[6, 7, OWN], [9, 0, 0]])), embedding


def of_post(sources: Sources, post: int) -> Sources:
    text = sources.text
    one = slice(post, post + 1)
    return Sources(
        TextStates(text.states_BLH[one], text.mask_BL[one], text.last_BH[one]),
        sources.keys_BLH[one],
        None,
        sources.copied_BS[one],
    )


def probabilities(
    writer: SetWriter, sources: Sources, embedding: nn.Embedding, post: int, code: int, words: list[int]
) -> Tensor:
    """Of each number after `words`, one at a time, its post and code alone."""
    read = embedding(torch.tensor([[BOS, *(word if word < WORDS else UNK for word in words)]]))
    state = writer._read(of_post(sources, post), read + writer.codes.weight[code], torch.tensor([0]))[:, -1]
    rows, place = WORDS + 1, torch.zeros(WORDS + 1, dtype=torch.long)
    following = writer.next_words(of_post(sources, post), state.expand(rows, -1), read[:, -1].expand(rows, -1), place)
    return writer.weigh(of_post(sources, post), following, torch.arange(rows), place).exp()


def likeliest(writer: SetWriter, sources: Sources, embedding: nn.Embedding, post: int, code: int) -> list[Tensor]:
    words: list[int] = []
    found = []
    for _ in range(writer.matched_steps):
        found.append(probabilities(writer, sources, embedding, post, code, words))
        words.append(int(found[-1].argmax()))
    return found


def log_likelihood(writer: SetWriter, sources: Sources, embedding: nn.Embedding) -> Tensor:
    read = torch.cat((torch.full_like(TARGET[:, :, :1], BOS), TARGET[:, :, :-1]), dim=2)
    read = torch.where(read < WORDS, read, UNK)
    tensors = PhraseSetTensors(read, TARGET)
    batch = ClassicBatch(rows=None, fields={PhraseSetField: tensors})  # type: ignore[arg-type]
    return writer.log_likelihood(sources, batch, {PhraseSetField: embedding(read)}, embedding)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_codes_are_matched_with_the_phrases_that_they_are_likeliest_to_write(seed: int, steps: int) -> None:
    writer, sources, embedding = written_by(seed, matched_steps=steps)
    with torch.no_grad():
        writer.codes.weight.mul_(5.0)
        found = writer.matched(sources, TARGET, embedding).tolist()
        for post, order in enumerate(found):
            alone = [likeliest(writer, sources, embedding, post, code) for code in range(CODES)]

            def score(code: int, phrase: list[int], alone: list[list[Tensor]] = alone) -> float:
                words = phrase[:steps]
                return sum(float(alone[code][s][w]) for s, w in enumerate(words) if w not in (PAD, NULL))

            for half in (range(3), range(3, 6)):
                assert sorted(order[code] for code in half) == list(half)
                total = sum(score(code, TARGET[post, order[code]].tolist()) for code in half)
                best = max(
                    sum(score(c, TARGET[post, p].tolist()) for c, p in zip(half, places, strict=True))
                    for places in permutations(half)
                )
                assert total == pytest.approx(best, abs=1e-6)


def test_each_code_learns_the_phrase_it_is_matched_with_and_nothing_counts_less() -> None:
    writer, sources, embedding = written_by(null_weights=(0.5, 0.25))
    expected = 0.0
    with torch.no_grad():
        order = writer.matched(sources, TARGET, embedding)
        for post in range(2):
            for code in range(CODES):
                words = [word for word in TARGET[post, order[post, code]].tolist() if word != PAD]
                for step, word in enumerate(words):
                    log = float(probabilities(writer, sources, embedding, post, code, words[:step])[word].log())
                    expected += log * ((0.5 if code < 3 else 0.25) if word == NULL else 1.0)
        found = log_likelihood(writer, sources, embedding)

    assert found.sum().item() == pytest.approx(expected, rel=1e-6)
    assert len(found) == int((TARGET != PAD).sum())


def test_its_gradients_are_those_of_finite_differences() -> None:
    writer, sources, embedding = written_by()
    log_likelihood(writer, sources, embedding).sum().backward()
    for parameter in (writer.codes.weight, writer.project.weight, embedding.weight):
        assert parameter.grad is not None
        place = int(parameter.grad.abs().argmax())
        ends = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[place] += step
                ends.append(log_likelihood(writer, sources, embedding).sum().item())
                parameter.view(-1)[place] -= step
        assert parameter.grad.view(-1)[place].item() == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


def test_the_words_before_the_matching_are_a_distribution() -> None:
    writer, sources, embedding = written_by()
    for probability_RV in writer._written_alone(sources, embedding):
        torch.testing.assert_close(probability_RV.sum(1), torch.ones(2 * CODES).double())


def test_each_code_writes_the_likeliest_words_one_after_another_and_those_of_nothing_are_dropped() -> None:
    writer, sources, embedding = written_by(seed=4)
    with torch.no_grad():
        writer.codes.weight.mul_(20.0)
        writer.words.widen.bias[NULL] = 1.5
        found = writer.phrases(sources, embedding, DecodeSpec(beam=7, steps=4, keep=2))
        dropped = 0
        for post, phrases in enumerate(found):
            expected = []
            for code in range(CODES):
                words: list[int] = []
                logs = []
                while len(words) < 4 and EOS not in words:
                    following = probabilities(writer, sources, embedding, post, code, words)
                    words.append(int(following.argmax()))
                    logs.append(float(following.max().log()))
                if words[0] == NULL:
                    dropped += 1
                else:
                    expected.append((sum(logs) / len(logs), [word for word in words if word != EOS]))
            expected.sort(key=lambda phrase: -phrase[0])
            assert [list(phrase.words) for phrase in phrases] == [words for _, words in expected]
            assert [phrase.score for phrase in phrases] == pytest.approx([score for score, _ in expected], abs=1e-5)

    assert 0 < dropped < 2 * CODES
