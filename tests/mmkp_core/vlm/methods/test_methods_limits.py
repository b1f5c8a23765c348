"""The limits of the methods: where their definitions coincide, their gradients do, to the last bit."""

import math
from typing import Any

import pytest
import torch

from mmkp_core.vlm.methods.dynamic_cot import DynamicCot, DynamicCotObjective
from mmkp_core.vlm.methods.finetune_cot import FinetuneCot, FinetuneCotObjective
from mmkp_core.vlm.methods.sft import Sft, SftObjective
from mmkp_core.vlm.settings import Average, Fallback

Gradients = dict[str, torch.Tensor]


def same(one: Gradients, other: Gradients) -> bool:
    assert one.keys() == other.keys()
    assert any(float(g.abs().max()) > 0 for g in one.values())
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("average", ["per_sample", "per_token"])
def test_a_gate_that_nothing_passes_is_sft(student: Any, average: Average) -> None:
    """With dropout in the adapter: looking at the gate must not draw a random number."""
    batch = student.batch(range(5), micro_batch=2)
    gated = DynamicCotObjective(student.vlm, DynamicCot(gamma=math.inf, loss_average=average))
    plain = SftObjective(student.vlm, Sft(loss_average=average))
    closed, numbers = student.gradients(gated, batch)
    assert same(closed, student.gradients(plain, batch)[0])
    assert numbers.sums["share_switched"] == (0, 5)
    assert numbers.sums["gamma_quantile"] == (5, 5)


@pytest.mark.parametrize("average", ["per_sample", "per_token"])
@pytest.mark.parametrize("fallback", ["sft", "leave_out"])
def test_a_gate_that_everything_passes_is_finetune_cot(student: Any, average: Average, fallback: Fallback) -> None:
    batch = student.batch(range(5), micro_batch=2)
    gated = DynamicCotObjective(
        student.vlm, DynamicCot(gamma=-math.inf, loss_average=average, no_cot_available=fallback)
    )
    always = FinetuneCotObjective(student.vlm, FinetuneCot(loss_average=average, no_cot_available=fallback))
    opened, numbers = student.gradients(gated, batch)
    expected, always_numbers = student.gradients(always, batch)
    assert same(opened, expected)
    assert numbers.divisor == always_numbers.divisor
    assert numbers.sums["share_switched"] == (3, 5), "two posts have no rationale"


def test_the_two_directions_of_a_gate_are_each_others_opposite(student: Any) -> None:
    batch = student.batch(range(5))
    below = DynamicCotObjective(student.vlm, DynamicCot(gamma=math.inf, gate_direction="below"))
    always = FinetuneCotObjective(student.vlm, FinetuneCot())
    assert same(student.gradients(below, batch)[0], student.gradients(always, batch)[0])


@pytest.mark.parametrize("average", ["per_sample", "per_token"])
def test_how_a_step_is_cut_into_micro_batches_changes_nothing(student: Any, average: Average) -> None:
    student.vlm.model.apply(lambda module: setattr(module, "p", 0.0) if isinstance(module, torch.nn.Dropout) else None)
    objective = FinetuneCotObjective(student.vlm, FinetuneCot(loss_average=average))
    whole, one = student.gradients(objective, student.batch(range(5)))
    cut, two = student.gradients(objective, student.batch(range(5), micro_batch=2))
    assert one.divisor == two.divisor
    for name in whole:
        torch.testing.assert_close(whole[name], cut[name], rtol=1e-3, atol=1e-4)


def test_before_the_warm_up_is_over_the_gate_is_closed(student: Any) -> None:
    batch = student.batch(range(5))
    objective = DynamicCotObjective(student.vlm, DynamicCot(gamma=-math.inf, warmup_steps=2))
    shares = [student.gradients(objective, batch)[1].sums["share_switched"][0] for _ in range(4)]
    assert shares == [0, 0, 3, 3]


def test_the_warm_up_goes_on_where_a_checkpoint_left_it(student: Any) -> None:
    batch = student.batch(range(5))
    spec = DynamicCot(gamma=-math.inf, warmup_steps=2)
    before = DynamicCotObjective(student.vlm, spec)
    student.gradients(before, batch)
    after = DynamicCotObjective(student.vlm, spec)
    after.restore(before.state())
    assert [student.gradients(after, batch)[1].sums["share_switched"][0] for _ in range(2)] == [0, 3]


def gate_losses(student: Any, batch: Any) -> list[float]:
    """The bare answers' mean losses, one post at a time, by the model's own loss."""
    losses = []
    model = student.vlm.model.eval()
    for i in range(5):
        part = student.batch([i]).parts[0]
        row = part.prompts.rows[0]
        ids = torch.cat((row["input_ids"], torch.tensor(part.bare[0])))[None]
        kinds = torch.cat((row["mm_token_type_ids"], torch.zeros(len(part.bare[0]), dtype=torch.long)))[None]
        labels = ids.clone()
        labels[:, : len(row["input_ids"])] = -100
        with torch.no_grad():
            out = model(input_ids=ids, labels=labels, mm_token_type_ids=kinds, **part.prompts.pictures)
        losses.append(float(out.loss))
    return losses


def test_each_post_is_decided_by_its_own_loss(student: Any) -> None:
    batch = student.batch(range(5))
    losses = gate_losses(student, batch)
    with_rationale = sorted(losses[i] for i in (0, 2, 3))
    gamma = (with_rationale[0] + with_rationale[1]) / 2
    objective = DynamicCotObjective(student.vlm, DynamicCot(gamma=gamma))
    _, numbers = student.gradients(objective, batch)
    assert numbers.sums["share_switched"] == (2, 5)
    assert numbers.sums["gamma_quantile"] == (sum(loss < gamma for loss in losses), 5)
    assert numbers.sums["l_sft"][0] == pytest.approx(sum(losses), rel=1e-4)


def test_a_mixed_step_is_the_mean_of_what_each_post_learns(student: Any) -> None:
    """Of the loss that is logged; what enters the gradient is the same sum."""
    student.vlm.model.apply(lambda module: setattr(module, "p", 0.0) if isinstance(module, torch.nn.Dropout) else None)
    batch = student.batch(range(5))
    losses = gate_losses(student, batch)
    gamma = sorted(losses[i] for i in (0, 2, 3))[1] - 1e-4
    switched = [i for i in (0, 2, 3) if losses[i] > gamma]
    assert len(switched) == 2
    cot = FinetuneCotObjective(student.vlm, FinetuneCot())
    sft = SftObjective(student.vlm, Sft())
    expected = 0.0
    for i in range(5):
        _, alone = student.gradients(cot if i in switched else sft, student.batch([i]))
        expected += alone.sums["loss"][0]
    _, numbers = student.gradients(DynamicCotObjective(student.vlm, DynamicCot(gamma=gamma)), batch)
    assert numbers.sums["loss"] == (pytest.approx(expected, rel=1e-4), 5)


def test_a_whole_step_is_decided_together_however_it_is_cut(student: Any) -> None:
    losses = gate_losses(student, student.batch(range(5)))
    mean = sum(losses) / 5
    for gamma, share in ((mean - 1e-3, 3), (mean + 1e-3, 0)):
        spec = DynamicCot(gamma=gamma, gate_granularity="global_batch")
        for size in (1, 2, 16):
            objective = DynamicCotObjective(student.vlm, spec)
            numbers = student.gradients(objective, student.batch(range(5), micro_batch=size))[1]
            assert numbers.sums["share_switched"] == (share, 5)


def test_a_micro_batch_is_decided_by_its_mean(student: Any) -> None:
    losses = gate_losses(student, student.batch(range(5)))
    means = [sum(losses[:2]) / 2, sum(losses[2:4]) / 2, losses[4]]
    gamma = (means[0] + means[1]) / 2
    spec = DynamicCot(gamma=gamma, gate_granularity="micro_batch")
    _, numbers = student.gradients(DynamicCotObjective(student.vlm, spec), student.batch(range(5), micro_batch=2))
    having = [1, 2, 0]  # posts with a rationale in each micro-batch
    assert numbers.sums["share_switched"][0] == sum(n for n, mean in zip(having, means, strict=True) if mean > gamma)


def test_a_summed_gate_sees_many_phrases_as_hard(student: Any) -> None:
    batch = student.batch([0, 3])
    losses = gate_losses(student, batch)
    tokens = [len(answer) for answer in batch.parts[0].bare]
    summed = losses[3] * tokens[1]
    assert summed > losses[0] * tokens[0]
    spec = DynamicCot(gamma=summed - 1e-2, gate_reduction="sum")
    _, numbers = student.gradients(DynamicCotObjective(student.vlm, spec), batch)
    assert numbers.sums["share_switched"] == (1, 2)


def test_summing_adds_both_losses_of_a_gated_post(student: Any) -> None:
    student.vlm.model.apply(lambda module: setattr(module, "p", 0.0) if isinstance(module, torch.nn.Dropout) else None)
    batch = student.batch([0, 2, 3])  # all have a rationale
    spec = DynamicCot(gamma=-math.inf, loss_mix="sum")
    both, numbers = student.gradients(DynamicCotObjective(student.vlm, spec), batch)
    bare, _ = student.gradients(SftObjective(student.vlm, Sft()), batch)
    long, _ = student.gradients(FinetuneCotObjective(student.vlm, FinetuneCot()), batch)
    assert numbers.divisor == 3
    for name in both:
        torch.testing.assert_close(both[name], bare[name] + long[name], rtol=1e-3, atol=1e-4)


def test_posts_without_rationale_can_be_left_out(student: Any) -> None:
    spec = FinetuneCot(no_cot_available="leave_out")
    left, numbers = student.gradients(FinetuneCotObjective(student.vlm, spec), student.batch([1, 3]))
    alone, _ = student.gradients(FinetuneCotObjective(student.vlm, FinetuneCot()), student.batch([3]))
    assert numbers.divisor == 1
    student.vlm.model.apply(lambda module: setattr(module, "p", 0.0) if isinstance(module, torch.nn.Dropout) else None)
    left, _ = student.gradients(FinetuneCotObjective(student.vlm, spec), student.batch([1, 3]))
    alone, _ = student.gradients(FinetuneCotObjective(student.vlm, FinetuneCot()), student.batch([3]))
    for name in alone:
        torch.testing.assert_close(left[name], alone[name], rtol=1e-3, atol=1e-4)


def test_tokens_of_answers_and_of_rationales_are_counted_apart(student: Any) -> None:
    batch = student.batch(range(5))
    bare = sum(map(len, batch.parts[0].bare))
    _, plain = student.gradients(SftObjective(student.vlm, Sft()), batch)
    assert plain.sums["answer_tokens"] == (bare, 5)
    assert plain.sums["rationale_tokens"] == (0, 5)
    _, long = student.gradients(FinetuneCotObjective(student.vlm, FinetuneCot()), batch)
    assert long.sums["answer_tokens"] == (bare, 5)
    assert long.sums["rationale_tokens"] == (sum(batch.parts[0].rationale_tokens), 5)


def test_measuring_leaves_no_gradient_and_gives_the_loss_without_dropout(student: Any) -> None:
    objective = SftObjective(student.vlm, Sft())
    student.vlm.model.eval().zero_grad(set_to_none=True)
    numbers = objective.measure(student.vlm.model, student.batch(range(5)))
    assert numbers.sums["loss"][0] == pytest.approx(sum(gate_losses(student, None)), rel=1e-4)
    assert all(p.grad is None for p in student.vlm.model.parameters())
    assert objective.criterion({"loss": 1.5}) == 1.5


def test_measuring_is_no_step_of_the_warm_up(student: Any) -> None:
    batch = student.batch(range(5))
    objective = DynamicCotObjective(student.vlm, DynamicCot(gamma=-math.inf, warmup_steps=1))
    student.vlm.model.eval()
    for _ in range(2):
        assert objective.measure(student.vlm.model, batch).sums["share_switched"] == (0, 5)
    assert objective.state() == {"steps": 0}
