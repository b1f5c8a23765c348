"""Loops over posts, keyphrases and cells are the second opinion."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mmkp_core.classic.batch import ClassicBatch, ClassicSamples
from mmkp_core.classic.build import build_model
from mmkp_core.classic.model import Encoded, KeyphraseModel
from mmkp_core.classic.objectives.matched_phrases import MatchedPhraseLoss
from mmkp_core.classic.objectives.phrases import PhraseLoss
from mmkp_core.classic.parts.stages import MatchedPhraseLossSpec, PhraseLossSpec
from mmkp_core.data.post import ImageFeatures
from tests.mmkp_core.classic.small import inputs, posts, small

POSTS = 6


def model_and_batch(system: str = "mm-mkp") -> tuple[KeyphraseModel, ClassicBatch]:
    """The last post's image is lost."""
    spec = small(system, dropout=0.0)
    examples, features = posts(POSTS)
    matches = [0.9, 0.1, None, 0.8, 0.3, 0.6]
    given = [
        replace(e, match=m, post=replace(e.post, keyphrases=(*e.post.keyphrases, "word1")))
        for e, m in zip(examples, matches, strict=True)
    ]
    known = {key: row for key, row in features.rows.items() if row < POSTS - 1}
    prepared = inputs(given, spec, ImageFeatures(features.matrix, known))
    torch.manual_seed(0)
    model = build_model(spec, prepared.known, features.numbers).double()
    samples = ClassicSamples(prepared, model.fields())
    batch = samples.batch(np.arange(POSTS))
    return model, _double(batch)


def _double(batch: ClassicBatch) -> ClassicBatch:
    from dataclasses import fields

    def doubled(tensors: Any) -> Any:
        floats = {
            f.name: value.double()
            for f in fields(tensors)
            if isinstance(value := getattr(tensors, f.name), torch.Tensor) and value.is_floating_point()
        }
        return replace(tensors, **floats)

    return ClassicBatch(batch.rows, {field: doubled(tensors) for field, tensors in batch.fields.items()})


def shown(encoded: Encoded) -> list[bool]:
    assert encoded.unfiltered is not None
    return [bool(any(mask)) for mask in encoded.unfiltered.mask_BP.tolist()]


def found(model: KeyphraseModel, batch: ClassicBatch, **changes: Any) -> dict[str, tuple[torch.Tensor, int]]:
    return dict(MatchedPhraseLoss(MatchedPhraseLossSpec(**changes)).losses(model, batch))


def test_it_learns_what_the_phrases_teach_besides() -> None:
    model, batch = model_and_batch()
    alone = PhraseLoss(PhraseLossSpec()).losses(model, batch)
    together = found(model, batch)

    assert list(together) == [*alone, "matching", "cells"]
    assert all(torch.equal(together[name][0], alone[name][0]) for name in alone)
    assert list(found(model, batch, generation=False)) == ["classification", "matching", "cells"]
    assert list(found(model, batch, pairs="none", gold_cells=False)) == list(alone)


def test_own_images_match_and_those_of_the_post_before_do_not() -> None:
    model, batch = model_and_batch()
    encoded = model.encode(batch)
    assert model.matching is not None and encoded.unfiltered is not None
    expected, count = 0.0, 0
    for post in range(POSTS):
        for other, label in ((post, 1), ((post - 1) % POSTS, 0)):
            if not shown(encoded)[other]:
                continue
            one = torch.tensor([post])
            text = encoded.given.text
            alone = replace(text, states_BLH=text.states_BLH[one], mask_BL=text.mask_BL[one], last_BH=text.last_BH[one])
            image = encoded.unfiltered.of(torch.tensor([other]))
            logits = model.matching.decided(alone, image, image.cells())
            assert logits is not None
            expected -= logits.log_softmax(-1)[0, label].item()
            count += 1

    loss, counted = found(model, batch)["matching"]
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert counted == count == 2 * (POSTS - 1)


def test_a_post_alone_has_no_image_that_does_not_match() -> None:
    model, _ = model_and_batch()
    one = ClassicSamples(inputs(posts(1)[0], small("mm-mkp"), posts(1)[1]), model.fields()).batch(np.arange(1))

    assert found(model, _double(one))["matching"][1] == 1


def test_what_the_data_set_says_of_matches_can_be_learned() -> None:
    model, batch = model_and_batch()
    encoded = model.encode(batch)
    assert encoded.matched is not None and encoded.matched.logits_B2 is not None
    stated = {0: 1, 1: 0, 3: 1, 4: 0}  # nothing is said of post 2, and the image of post 5 is lost
    logs = encoded.matched.logits_B2.log_softmax(-1)
    place = {int(row): at for at, row in enumerate(batch.rows)}

    loss, count = found(model, batch, pairs="given")["matching"]
    assert loss.item() == pytest.approx(-sum(logs[place[p], label].item() for p, label in stated.items()), rel=1e-6)
    assert count == len(stated)


@pytest.mark.parametrize("compared", ["weights", "scores"])
def test_cells_that_go_with_the_text_should_go_with_its_keyphrases(compared: str) -> None:
    from mmkp_core.classic.fields.gold_words import GoldField

    model, batch = model_and_batch()
    encoded, gold = model.encode(batch), batch[GoldField]
    matching = model.matching
    assert matching is not None and encoded.unfiltered is not None and encoded.matched is not None
    assert model.encoder is not None and encoded.matched.logits_B2 is not None
    states = model.encoder(gold.words, encoded.given.vectors[GoldField]).states_BLH
    expected, count = 0.0, 0
    for number, post in enumerate(gold.post_N.tolist()):
        if not shown(encoded)[post]:
            continue
        highest = states[number, : gold.words.lengths[number]].amax(0, keepdim=True)
        cells = encoded.unfiltered.cells()[post : post + 1]
        match = encoded.matched.logits_B2.softmax(-1)[post : post + 1, 1]
        score = matching.scores(highest, cells, match if compared == "weights" else None)
        wanted = matching.weights(score) if compared == "weights" else score
        own = (encoded.matched.weight_BP if compared == "weights" else encoded.matched.score_BP)[post]
        squares = [(a.item() - b.item()) ** 2 for a, b in zip(own, wanted[0], strict=True)]
        expected += sum(squares) / (len(squares) if compared == "weights" else 1)
        count += 1

    loss, counted = found(model, batch, compared=compared)["cells"]
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert counted == count


def test_the_cells_of_the_keyphrases_learn_only_where_that_is_asked() -> None:
    model, batch = model_and_batch()
    gradients = []
    for learns in (False, True):
        model.zero_grad()
        found(model, batch, gold_learns=learns, pairs="none")["cells"][0].backward()
        assert model.matching is not None and model.matching.text is not None
        gradients.append(model.matching.text.weight.grad)

    assert not torch.allclose(*gradients)  # type: ignore[arg-type]


def test_without_a_filter_or_a_comparison_of_cells_there_is_less_to_learn() -> None:
    for system, names in (("mm-mkp-no-filter", []), ("mm-mkp-no-region-match", ["matching"]),
                          ("mm-mkp-no-image-match", ["cells"])):  # fmt: skip
        model, batch = model_and_batch(system)
        assert [name for name in found(model, batch) if name in ("matching", "cells")] == names
