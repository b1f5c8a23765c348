"""A simple way of computing the same losses, which shares nothing but the weights, is the second opinion."""

import numpy as np
import pytest
import torch

from benchmarks.classic_train import authors_loss, simple_loss, simple_pairs
from mmkp_core.classic.objectives.handover import HandoverLoss
from mmkp_core.classic.objectives.phrases import PhraseLoss
from mmkp_core.classic.parts.stages import HandoverLossSpec, PhraseLossSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import vocabularies
from tests.mmkp_core.classic.small import generator_only, model_and_samples, posts, small

PHRASES, HANDOVER = PhraseLoss(PhraseLossSpec()), HandoverLoss(HandoverLossSpec())


@pytest.mark.parametrize("system", ["copy", "m3h-att"])
def test_losses_and_gradients_are_those_of_the_simple_way(system: str) -> None:
    spec = small(system, dropout=0.0, words=40)
    examples, features = posts(24)
    model, samples = model_and_samples(spec)
    losses = model(samples.batch(np.arange(24)), PHRASES.losses)
    own = sum(loss for loss, _ in losses.values())
    own.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    simple = simple_loss(model, simple_pairs(examples, vocabularies(examples, spec), spec), features)
    simple.backward()

    assert own.item() == pytest.approx(simple.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("system", ["copy", "m3h-att"])
def test_where_nothing_is_padded_the_loss_of_the_authors_way_is_ours(system: str) -> None:
    spec = small(system, dropout=0.0, words=40)
    examples, features = posts(24)
    model, _ = model_and_samples(spec)
    pairs = simple_pairs(examples, vocabularies(examples, spec), spec)
    with torch.no_grad():
        for pair in pairs[:6]:
            expected = simple_loss(model, [pair], features)
            torch.testing.assert_close(authors_loss(model, [pair], features), expected)


def test_a_post_alone_has_the_loss_that_it_has_among_others(each_spec: ClassicSpec) -> None:
    model, samples = model_and_samples(each_spec)
    model.eval()
    with torch.no_grad():
        for objective in (PHRASES, HANDOVER) if model.handover else (PHRASES,):
            together = model(samples.batch(np.arange(6)), objective.losses)
            alone = [model(samples.batch(np.array([i])), objective.losses) for i in range(6)]
            for name, (loss, count) in together.items():
                assert loss.item() == pytest.approx(sum(one[name][0].item() for one in alone), rel=1e-5)
                assert count == sum(one[name][1] for one in alone)


def test_frozen_parts_get_no_gradient_and_drop_nothing_until_they_are_freed() -> None:
    spec = small("m3h-att")
    model, samples = model_and_samples(spec)
    model.freeze(spec.stages[1].frozen)
    model.train()
    model(samples.batch(np.arange(8)), HANDOVER.losses)["generation"][0].backward()

    assert {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None} == {"writer"}
    assert {name for name, part in model.named_children() if part.training} == {"writer", "handover"}
    model.freeze(())
    assert all(part.training for part in model.train().children())
    assert all(p.requires_grad for p in model.parameters())


def test_half_precision_changes_the_loss_by_little() -> None:
    model, samples = model_and_samples(small("m3h-att", dropout=0.0))
    batch = samples.batch(np.arange(16))
    full = model(batch, PHRASES.losses)["generation"][0]
    with torch.autocast("cpu", torch.bfloat16):
        half = model(batch, PHRASES.losses)["generation"][0]
    half.backward()

    assert half.item() == pytest.approx(full.item(), rel=0.02)


def test_the_sizes_are_those_of_the_release() -> None:
    """26,500,205 parameters at 45,006 words, 4,262 classes and 512 numbers a cell, 1,536 of them biases of the query,
    key and value projections, which ours leaves out: on keys they change nothing.
    """
    spec = generator_only("m3h-att-as-released", word_size=200, hidden=300, fusion__heads=4, fusion__head_size=128)
    model, _ = model_and_samples(spec)
    words, classes, cell_numbers = model.embedding.num_embeddings, model.classifier.linear.out_features, 5

    per_word, per_class, per_number = 200 + 301, 301, 300
    more = (45_006 - words) * per_word + (4_262 - classes) * per_class + (512 - cell_numbers) * per_number
    assert sum(p.numel() for p in model.parameters()) + more == 26_500_205 - 3 * 4 * 128
