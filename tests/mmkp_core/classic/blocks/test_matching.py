import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.block import Sizes, TextStates
from mmkp_core.classic.blocks.image_cells import ProjectedCells
from mmkp_core.classic.blocks.matching import Matching
from mmkp_core.classic.fields.matches import MatchField, MatchTensors
from mmkp_core.classic.parts.matching import MatchingSpec

HIDDEN = 4
SIZES = Sizes(words=9, classes=2, cell_numbers=3, word_size=3, hidden=HIDDEN, dropout=0.0)
GIVEN = torch.tensor([0.9, 0.2])


def given() -> tuple[TextStates, ProjectedCells, ClassicBatch]:
    """Two posts, of two words and one, of images of three cells and one."""
    torch.manual_seed(0)
    text = TextStates(torch.randn(2, 2, HIDDEN), torch.tensor([[True, True], [True, False]]), torch.randn(2, HIDDEN))
    mask = torch.tensor([[True, True, True], [True, False, False]])
    image = ProjectedCells(torch.randn(2, 3, 3) * mask.unsqueeze(-1), mask, torch.nn.Linear(3, HIDDEN))
    scores = MatchTensors(GIVEN, torch.tensor([True, True]))
    return text, image, ClassicBatch(np.arange(2), {MatchField: scores})


def made(**changes: Any) -> Matching:
    torch.manual_seed(1)
    return Matching(MatchingSpec(heads=2, head_size=3, shared=5, inner=2, **changes), SIZES).eval()


def pooled(states: Tensor, words: int) -> Tensor:
    return torch.stack([max(states[:words, number]) for number in range(HIDDEN)])  # type: ignore[type-var]


def weight_of(matching: Matching, score: Tensor) -> float:
    first, last = matching.weigh[0], matching.weigh[2]
    inner = [max(float(first.weight[n, 0] * score + first.bias[n]), 0.0) for n in range(2)]  # type: ignore[index, operator]
    return sum(float(last.weight[0, n]) * inner[n] for n in range(2)) + float(last.bias[0])  # type: ignore[index, operator]


@pytest.mark.parametrize("post", [0, 1])
@pytest.mark.parametrize(
    ("changes", "joined"),
    [
        ({"whole": "given"}, lambda likeness, match: likeness / math.sqrt(5) + match),
        ({"whole": "given", "joined": "averaged"}, lambda likeness, match: (likeness + match) / 2 / math.sqrt(3)),
        ({"whole": "given", "regions": False}, lambda likeness, match: match),
        ({"whole": "none"}, lambda likeness, match: likeness / math.sqrt(5)),
    ],
)
def test_a_cell_weighs_by_its_likeness_to_the_text_and_the_match_of_the_whole(
    changes: dict[str, Any], joined: Any, post: int
) -> None:
    matching, (text, image, batch) = made(**changes), given()
    with torch.no_grad():
        matched, filtered = matching(text, image, batch)
        asked = pooled(text.states_BLH[post], 2 - post)
        for cell in range(3 - 2 * post):
            vector = image.cells()[post, cell]
            likeness = torch.tensor(0.0)
            if matching.text is not None and matching.cell is not None:
                likeness = (matching.text.weight @ asked) @ (matching.cell.weight @ vector)
            score = joined(likeness, GIVEN[post])
            weight = weight_of(matching, score)
            assert matched.score_BP[post, cell].item() == pytest.approx(float(score), rel=1e-5)
            assert matched.weight_BP[post, cell].item() == pytest.approx(weight, rel=1e-4)
            torch.testing.assert_close(filtered.cells()[post, cell], vector / (1 + math.exp(-weight)))
        assert matched.logits_B2 is None


def test_the_text_asks_the_image_or_the_images_mean_the_text() -> None:
    text, image, batch = given()
    with torch.no_grad():
        for asks in ("text", "image"):
            matching = made(asks=asks)
            assert matching.ask is not None and matching.decide is not None
            cells = image.cells()
            if asks == "text":
                highest = torch.stack([pooled(text.states_BLH[0], 2), pooled(text.states_BLH[1], 1)])
                found = matching.ask(highest, cells, image.mask_BP)
            else:
                mean = torch.stack([cells[0].mean(0), cells[1, 0]])
                found = matching.ask(mean, text.states_BLH, text.mask_BL)
            matched, _ = matching(text, image, batch)
            assert matched.logits_B2 is not None
            torch.testing.assert_close(matched.logits_B2, matching.decide(found))
            # the learned match stands in the score where the given one would
            given_match = made(asks=asks, whole="given", regions=False)
            assert given_match.ask is None
            alone, _ = made(asks=asks, regions=False)(text, image, batch)
            assert alone.logits_B2 is not None
            torch.testing.assert_close(alone.score_BP[:, 0], alone.logits_B2.softmax(-1)[:, 1])


def test_what_is_masked_changes_nothing() -> None:
    matching, (text, image, batch) = made(), given()
    with torch.no_grad():
        before, _ = matching(text, image, batch)
        image.raw_BPD[1, 1:] += 50.0
        text.states_BLH[1, 1] += 50.0
        after, filtered = matching(text, image, batch)

    assert before.logits_B2 is not None
    torch.testing.assert_close(after.logits_B2, before.logits_B2)
    torch.testing.assert_close(after.weight_BP[image.mask_BP], before.weight_BP[image.mask_BP])
    torch.testing.assert_close(filtered.mean()[1], filtered.cells()[1, 0])
