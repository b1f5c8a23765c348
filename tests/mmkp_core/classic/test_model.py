"""A plain way of computing the same losses, which shares nothing but the weights, is the second opinion."""

import numpy as np
import pytest
import torch

from benchmarks.classic_train import plain_loss, plain_pairs
from mmkp_core.classic.batch import ClassicSamples, vocabularies
from mmkp_core.classic.build import build_model
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import ClassicSpec
from tests.mmkp_core.classic.small import posts, small


def model_and_samples(spec: ClassicSpec) -> tuple[KeyphraseModel, ClassicSamples]:
    examples, features = posts(24)
    known = vocabularies(examples, spec)
    torch.manual_seed(0)
    return build_model(spec, known, features.matrix.shape[2]), ClassicSamples(examples, known, spec, features)


@pytest.mark.parametrize("system", ["copy", "m3h-att"])
def test_losses_and_gradients_are_those_of_the_plain_way(system: str) -> None:
    spec = small(system, dropout=0.0, words=40)
    examples, features = posts(24)
    known = vocabularies(examples, spec)
    model, samples = model_and_samples(spec)
    losses = model(samples.batch(np.arange(24)), handover=False)
    own = losses.generation + (losses.classification if losses.classification is not None else 0)
    own.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    plain = plain_loss(model, plain_pairs(examples, known, spec), features)
    plain.backward()

    assert own.item() == pytest.approx(plain.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=1e-4)


def test_a_post_alone_has_the_loss_that_it_has_among_others(each_spec: ClassicSpec) -> None:
    model, samples = model_and_samples(each_spec)
    model.eval()
    with torch.no_grad():
        for handover in {False, each_spec.handover != "none"}:
            together = model(samples.batch(np.arange(6)), handover)
            alone = [model(samples.batch(np.array([i])), handover) for i in range(6)]
            assert together.generation.item() == pytest.approx(sum(a.generation.item() for a in alone), rel=1e-5)
            assert together.words == sum(a.words for a in alone)


def test_a_frozen_reader_gets_no_gradient() -> None:
    model, samples = model_and_samples(small("m3h-att"))
    model.freeze_reader()
    model(samples.batch(np.arange(8)), handover=True).generation.backward()
    written = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}

    assert written == {"decoder"}


def test_half_precision_changes_the_loss_by_little() -> None:
    model, samples = model_and_samples(small("m3h-att", dropout=0.0))
    batch = samples.batch(np.arange(16))
    full = model(batch, handover=False)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(batch, handover=False)
    half.generation.backward()

    assert half.generation.item() == pytest.approx(full.generation.item(), rel=0.02)


def test_the_sizes_are_those_of_the_release() -> None:
    """26,500,205 parameters at 45,006 words, 4,262 classes and 512 numbers a cell, 1,536 of them biases of the query,
    key and value projections, which ours leaves out: on keys they change nothing.
    """
    spec = small("m3h-att-as-released", word_size=200, hidden=300, heads=4, head_size=128, handover="none")
    model, _ = model_and_samples(spec)
    assert model.classifier is not None
    words, classes, cell_size = model.embedding.num_embeddings, model.classifier.out_features, len(model.image_mean_D)

    per_word, per_class, per_number = 200 + 301, 301, 300
    more = (45_006 - words) * per_word + (4_262 - classes) * per_class + (512 - cell_size) * per_number
    assert sum(p.numel() for p in model.parameters()) + more == 26_500_205 - 3 * 4 * 128
