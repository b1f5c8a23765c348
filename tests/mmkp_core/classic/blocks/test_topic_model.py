import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.topic_model import TopicModel
from mmkp_core.classic.fields.topic_words import TopicWordField, TopicWordTensors
from mmkp_core.classic.parts.topics import TopicSpec
from mmkp_core.classic.spec import ClassicSpec
from tests.mmkp_core.classic.small import example, inputs

SPEC = TopicSpec(topics=3, words=4, left_out=1, inner=5, pressure=0.25)
SIZES = Sizes(words=11, classes=1, cell_numbers=1, word_size=2, hidden=2, dropout=0.0, topics=3, topic_words=4)
COUNTS = torch.tensor([[2.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])


def model() -> TopicModel:
    torch.manual_seed(0)
    return TopicModel(SPEC, SIZES)


def batch() -> ClassicBatch:
    return ClassicBatch(np.arange(2), {TopicWordField: TopicWordTensors(COUNTS)})


def layer(weight: Tensor, bias: Tensor, x: list[float]) -> list[float]:
    rows = zip(weight.tolist(), bias.tolist(), strict=True)
    return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in rows]


def by_loops(model: TopicModel, counts: list[float]) -> tuple[list[float], float]:
    """A post's mixture and loss, number by number, without noise."""
    get = model.get_parameter
    length = math.sqrt(sum(c * c for c in counts)) or 1.0
    x = [c / length for c in counts]
    e = x
    for place in (0, 2):
        e = [max(v, 0.0) for v in layer(get(f"read.{place}.weight"), get(f"read.{place}.bias"), e)]
    e = [a + b for a, b in zip(e, layer(model.shortcut.weight, model.shortcut.bias, x), strict=True)]
    mean = layer(model.mean.weight, model.mean.bias, e)
    log_variance = layer(model.log_variance.weight, model.log_variance.bias, e)
    mixed = mean
    for place in (0, 2, 4, 6):
        mixed = [math.tanh(v) for v in layer(get(f"mix.{place}.weight"), get(f"mix.{place}.bias"), mixed)]
    mixture = [a + b for a, b in zip(mean, mixed, strict=True)]
    logits = layer(model.words.weight, model.words.bias, mixture)
    total = math.log(sum(math.exp(v) for v in logits))
    loss = -sum(c * (v - total) for c, v in zip(counts, logits, strict=True))
    loss -= sum(1 + s - m * m - math.exp(s) for m, s in zip(mean, log_variance, strict=True)) / 2
    return mixture, loss + 0.25 * sum(abs(w) for row in model.words.weight.tolist() for w in row)


def test_mixture_and_loss_are_those_of_the_formula() -> None:
    found = (made := model().eval())(batch())
    expected = [by_loops(made, counts) for counts in COUNTS.tolist()]

    torch.testing.assert_close(found.mixture_BK, torch.tensor([mixture for mixture, _ in expected]))
    torch.testing.assert_close(found.mean_mixture_BK, found.mixture_BK)
    assert found.loss.item() == pytest.approx(sum(loss for _, loss in expected), rel=1e-5)


def test_in_training_the_mixture_is_drawn_around_its_mean() -> None:
    made = model()
    with torch.no_grad():
        drawn = torch.stack([made(batch()).mixture_BK for _ in range(2000)])
        made.log_variance.weight.zero_()
        made.log_variance.bias.fill_(-60.0)
        found = made(batch())

    assert drawn.std(0).min() > 0.3
    torch.testing.assert_close(found.mixture_BK, found.mean_mixture_BK)


def test_the_pressure_grows_in_an_epoch_by_what_the_share_of_unused_words_lacks() -> None:
    made = model()
    examples = [example(f"post {n}", "post") for n in range(8)]
    made.prepare(inputs(examples, ClassicSpec(topics=SPEC)))
    with torch.no_grad():
        made.words.weight[0] = 0.0  # a quarter of the words is not used: 0.6 is lacking
        for _ in range(4):
            made(batch())
        made.eval()(batch())

    assert made.pressure.item() == pytest.approx(0.25 * 2**0.6, rel=1e-5)


def test_pressure_makes_topics_use_fewer_words() -> None:
    unused = {}
    for pressure in (1e-9, 3.0):
        torch.manual_seed(0)
        made = TopicModel(TopicSpec(topics=3, words=4, left_out=1, inner=5, pressure=pressure), SIZES)
        made.posts = 1000
        optimizer = torch.optim.Adam(made.parameters(), 0.01)
        for _ in range(200):
            optimizer.zero_grad()
            made(batch()).loss.backward()
            optimizer.step()
        unused[pressure] = (made.words.weight.abs() < 0.02).float().mean().item()

    assert unused[3.0] > unused[1e-9] + 0.5
