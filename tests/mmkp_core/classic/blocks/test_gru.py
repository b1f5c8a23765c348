"""`nn.GRU` on packed sequences is the second opinion."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mmkp_core.classic.blocks.gru import BiGru, StepGru, alive_at

Lengths = st.lists(st.integers(1, 9), min_size=1, max_size=6).map(lambda lengths: sorted(lengths, reverse=True))


@given(Lengths, st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_states_and_gradients_are_those_of_packed_sequences(lengths: list[int], layers: int) -> None:
    torch.manual_seed(0)
    ours = BiGru(inputs=5, hidden=8, layers=layers, dropout=0.0).double()
    x = torch.randn(lengths[0], len(lengths), 5, dtype=torch.float64, requires_grad=True)

    def packed() -> tuple[Tensor, Tensor]:
        states, last = ours.gru(pack_padded_sequence(x, torch.tensor(lengths)))
        return pad_packed_sequence(states)[0], torch.cat((last[-1], last[-2]), dim=-1)

    found = {}
    for name, (states, last) in {"ours": ours(x, lengths), "packed": packed()}.items():
        ours.zero_grad()
        x.grad = None
        (states.sin().sum() + last.cos().sum()).backward()
        assert x.grad is not None
        gradients = [p.grad.clone() for p in ours.parameters() if p.grad is not None]
        found[name] = [states.detach(), last.detach(), x.grad.clone(), *gradients]
    assert len(found["ours"]) == 3 + 8 * layers
    for one, other in zip(found["ours"], found["packed"], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@given(Lengths)
@settings(max_examples=15, deadline=None)
def test_a_known_sequence_at_once_is_the_same_as_step_by_step(lengths: list[int]) -> None:
    torch.manual_seed(0)
    gru = StepGru(inputs=4, hidden=6)
    x, state = torch.randn(lengths[0], len(lengths), 4), torch.randn(len(lengths), 6)
    states = gru(x, state, lengths)
    for step, now in enumerate(alive_at(lengths)):
        state = gru.step(x[step, :now], state[:now])
        torch.testing.assert_close(states[step, :now], state)


def test_the_start_of_a_sequence_gets_its_gradient() -> None:
    torch.manual_seed(0)
    gru = StepGru(inputs=3, hidden=4).double()
    start = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    x = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda x, start: gru(x, start, [3, 2]), (x, start))


def test_padding_does_not_reach_the_backward_direction() -> None:
    """The plain padded bi-GRU fails this."""
    torch.manual_seed(0)
    gru = BiGru(inputs=3, hidden=4, layers=2, dropout=0.0)
    x = torch.randn(5, 2, 3)
    states, last = gru(x, [5, 2])
    alone, last_alone = gru(x[:2, 1:], [2])

    torch.testing.assert_close(states[:2, 1:], alone)
    torch.testing.assert_close(last[1:], last_alone)
    assert torch.equal(states[2:, 1], torch.zeros(3, 4))


@pytest.mark.parametrize(("lengths", "alive"), [([3, 3, 1], [3, 2, 2]), ([1], [1]), ([2, 2], [2, 2])])
def test_alive_at(lengths: list[int], alive: list[int]) -> None:
    assert alive_at(lengths) == alive


def test_the_weights_are_named_as_in_torch() -> None:
    assert {name for name, _ in BiGru(2, 4, 1, 0.0).named_parameters()} == {
        f"gru.{name}" for name, _ in nn.GRU(2, 2, bidirectional=True).named_parameters()
    }
