from dataclasses import replace

import pytest
import torch

from mmkp_core.classic.blocks.block import Modalities
from mmkp_core.classic.blocks.topic_memory import TopicMemory
from mmkp_core.classic.fields.words import WordField, WordTensors
from mmkp_core.classic.parts.fusions import TopicMemorySpec
from mmkp_core.errors import WrongInput
from tests.mmkp_core.classic.blocks.modalities import SIZES, given

SPEC = TopicMemorySpec(memory=4)


def block() -> TopicMemory:
    torch.manual_seed(3)
    return TopicMemory(SPEC, SIZES).eval()


def by_loops(memory: TopicMemory, modalities: Modalities) -> torch.Tensor:
    """The fused vector of the only post, word by word, topic by topic, window by window."""
    topics = modalities.topics
    vectors = modalities.vectors[WordField][:, 0]
    topic = [torch.relu(memory.topic.weight @ topics.words_VK[:, k] + memory.topic.bias) for k in range(2)]
    read = []
    for vector in vectors:
        word = memory.word.weight @ vector + memory.word.bias
        match = torch.stack([word @ topic[k] + topics.mean_mixture_BK[0, k] for k in range(2)])
        read.append(torch.relu(word + torch.relu(memory.matched.weight @ match + memory.matched.bias)))
    fused = []
    for width, convolution in enumerate(memory.convolutions, start=1):
        weight, bias = convolution.get_parameter("weight"), convolution.get_parameter("bias")
        padded = [*read, *[torch.zeros(4)] * (width - 1)]
        for number in range(2):
            windows = [
                bias[number] + sum(weight[number, :, at] @ padded[start + at] for at in range(width))
                for start in range(len(read))
            ]
            fused.append(torch.relu(torch.stack(windows).max()))
    return torch.stack(fused)


def test_words_are_compared_with_topics_and_convolutions_read_them() -> None:
    memory, modalities = block(), given()

    torch.testing.assert_close(memory(modalities)[0], by_loops(memory, modalities))


def test_what_stands_past_the_last_word_changes_nothing() -> None:
    memory, modalities = block(), given()
    words = modalities.batch[WordField]
    pad = torch.zeros(1, 1, dtype=torch.long)
    longer = WordTensors(
        [2],
        torch.cat((words.words_LB, pad)),
        torch.cat((words.copied_BL, pad), dim=1),
        torch.cat((words.mask_BL, torch.tensor([[False]])), dim=1),
        torch.cat((words.part_LB, pad)),
    )
    batch = replace(modalities.batch, fields={**modalities.batch.fields, WordField: longer})
    vectors = {**modalities.vectors, WordField: torch.cat((modalities.vectors[WordField], torch.full((1, 1, 3), 9.0)))}

    torch.testing.assert_close(memory(replace(modalities, batch=batch, vectors=vectors)), memory(modalities))


def test_the_topics_do_not_learn_from_it() -> None:
    modalities = given()
    topics = modalities.topics
    topics.words_VK.requires_grad_()
    topics.mean_mixture_BK.requires_grad_()
    block()(modalities).sum().backward()

    assert topics.words_VK.grad is None
    assert topics.mean_mixture_BK.grad is None


def test_numbers_that_three_widths_cannot_share_are_refused() -> None:
    with pytest.raises(WrongInput, match="hidden=8 cannot be shared evenly"):
        TopicMemory(SPEC, replace(SIZES, hidden=8))
