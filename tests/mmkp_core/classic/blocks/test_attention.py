import math

import torch

from mmkp_core.classic.blocks.attention import AdditiveAttention, MultiHeadLayer, masked_mean


def test_additive_attention_is_its_formula_post_by_post() -> None:
    torch.manual_seed(0)
    attention = AdditiveAttention(4)
    items, askers = torch.randn(2, 3, 4), torch.randn(3, 4)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    post = torch.tensor([0, 1, 0])
    weights = attention(attention.prepare(items), mask, askers, post)

    for row in (0, 2):
        scores = [
            attention.score.weight[0]
            @ torch.tanh(attention.items.weight @ item + attention.asker.weight @ askers[row] + attention.asker.bias)
            for item in items[0]
        ]
        torch.testing.assert_close(weights[row], torch.stack(scores).softmax(0))
    assert weights[1].tolist() == [1.0, 0.0, 0.0]


def test_multi_head_attention_is_its_formula_with_every_item_projected() -> None:
    torch.manual_seed(0)
    layer = MultiHeadLayer(hidden=6, heads=2, head_size=3, dropout=0.0)
    asker, items = torch.randn(1, 6), torch.randn(1, 4, 6)
    mask = torch.tensor([[True, True, False, True]])

    heads = []
    for head in range(2):
        query, keys = asker @ layer.query[head], items[0] @ layer.key[head]
        weights = (query @ keys.T / math.sqrt(3)).masked_fill(~mask, -math.inf).softmax(-1)
        heads.append(weights @ (items[0] @ layer.value[head]))
    found = layer.norm_found(asker + layer.join(torch.cat(heads, -1)))
    expected = layer.norm_out(found + layer.narrow(torch.relu(layer.widen(found))))

    torch.testing.assert_close(layer(asker, items, mask), expected)


def test_an_asker_that_finds_nothing_stays_finite_and_ignores_what_is_masked() -> None:
    torch.manual_seed(0)
    layer = MultiHeadLayer(hidden=6, heads=2, head_size=3, dropout=0.0)
    asker, nothing = torch.randn(1, 6), torch.tensor([[False, False]])

    found = [layer(asker, items, nothing) for items in (torch.randn(1, 2, 6), torch.randn(1, 2, 6))]
    assert torch.isfinite(found[0]).all()
    assert torch.equal(found[0], found[1])


def test_the_mean_counts_what_is_not_masked_and_is_zero_where_all_is() -> None:
    items = torch.tensor([[[1.0], [3.0], [100.0]], [[7.0], [7.0], [7.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])

    assert masked_mean(items, mask).tolist() == [[2.0], [0.0]]
