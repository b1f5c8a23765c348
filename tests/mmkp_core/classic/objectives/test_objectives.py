import numpy as np
import pytest

from mmkp_core.classic.objectives.handover import HandoverLoss
from mmkp_core.classic.objectives.phrases import PhraseLoss
from mmkp_core.classic.objectives.topics import TopicLoss
from mmkp_core.classic.parts.stages import HandoverLossSpec, PhraseLossSpec, TopicLossSpec
from tests.mmkp_core.classic.small import model_and_samples, small

PHRASES, HANDOVER = PhraseLoss(PhraseLossSpec()), HandoverLoss(HandoverLossSpec())


@pytest.mark.parametrize(
    ("system", "names"),
    [("copy", ["generation"]), ("image-grid", ["classification"]), ("m3h-att", ["generation", "classification"])],
)
def test_what_a_system_answers_with_is_what_it_learns(system: str, names: list[str]) -> None:
    model, samples = model_and_samples(small(system))
    gradients = []
    numbers = PHRASES.step(model, samples.batch(np.arange(8)), lambda loss: gradients.append(loss.item()))

    assert list(numbers.sums) == names
    assert gradients == [pytest.approx(sum(total for total, _ in numbers.sums.values()))]
    assert PHRASES.criterion(dict.fromkeys(names, 2.0)) == 2.0 * len(names)


def test_topics_are_learned_alone_and_beside_the_phrases() -> None:
    model, samples = model_and_samples(small("topic"))
    alone = TopicLoss(TopicLossSpec()).measure(model.eval(), samples.batch(np.arange(8)))
    beside = PHRASES.measure(model, samples.batch(np.arange(8)))

    assert list(alone.sums) == ["topics"]
    assert list(beside.sums) == ["generation", "topics"]
    assert alone.sums["topics"] == beside.sums["topics"]
    assert alone.sums["topics"][1] == 8


def test_the_hand_over_learns_generation_alone_over_words_and_end_signs() -> None:
    model, samples = model_and_samples(small("m3h-att"))
    numbers = HANDOVER.measure(model, samples.batch(np.arange(8)))

    assert {name: count for name, (_, count) in numbers.sums.items()} == {"generation": 24}  # 8 phrases of 2 words
