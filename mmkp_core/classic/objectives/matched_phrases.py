"""The objective of MM-MKP's first stage: the keyphrases, whether images go with texts, and which cells do.

Axes: B posts, N phrases, P cells, H hidden.
"""

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.attention import masked_max
from mmkp_core.classic.blocks.matching import Matching
from mmkp_core.classic.fields.gold_words import GoldField
from mmkp_core.classic.fields.matches import MatchField
from mmkp_core.classic.model import Encoded, KeyphraseModel, Losses
from mmkp_core.classic.objectives.phrases import PhraseLoss
from mmkp_core.classic.parts.stages import MatchedPhraseLossSpec


class MatchedPhraseLoss(PhraseLoss):
    def __init__(self, spec: MatchedPhraseLossSpec) -> None:
        super().__init__(spec)
        self._matched = spec

    def losses(self, model: KeyphraseModel, batch: ClassicBatch) -> Losses:
        encoded = model.encode(batch)
        found = dict(self.losses_of(model, encoded))
        matching = model.matching
        if matching is not None and encoded.unfiltered is not None and encoded.matched is not None:
            if self._matched.pairs != "none" and encoded.matched.logits_B2 is not None:
                found["matching"] = self._pairs(matching, encoded, encoded.matched.logits_B2)
            if self._matched.gold_cells and matching.text is not None:
                found["cells"] = self._cells(model, matching, encoded)
        return found

    def _pairs(self, matching: Matching, encoded: Encoded, own_B2: Tensor) -> tuple[Tensor, int]:
        """Own images match, or not, as the data set says; or they do, and those of other posts do not."""
        image = encoded.unfiltered
        if image is None:
            raise TypeError("without an image side nothing is matched")
        shown_B = image.mask_BP.any(1)
        if self._matched.pairs == "given":
            given = encoded.batch[MatchField]
            return _cross_entropy(own_B2, given.score_B >= 0.5, shown_B & given.known_B)
        other_B = torch.arange(len(shown_B), device=shown_B.device).roll(1)
        others = image.of(other_B)
        other_B2 = matching.decided(encoded.given.text, others, others.cells())
        if other_B2 is None:
            raise TypeError("a match that is not learned cannot be trained")
        alone = torch.full_like(shown_B, len(shown_B) == 1)  # its own image is no other's
        own, own_count = _cross_entropy(own_B2, torch.ones_like(shown_B), shown_B)
        other, other_count = _cross_entropy(other_B2, torch.zeros_like(shown_B), shown_B[other_B] & ~alone)
        return own + other, own_count + other_count

    def _cells(self, model: KeyphraseModel, matching: Matching, encoded: Encoded) -> tuple[Tensor, int]:
        """The cells that go with the text should be those that go with its keyphrases."""
        image, matched, gold = encoded.unfiltered, encoded.matched, encoded.batch[GoldField]
        if image is None or matched is None or model.encoder is None:
            raise TypeError("without text and image no cells are compared")
        read = model.encoder(gold.words, encoded.given.vectors[GoldField])
        pooled_NH = masked_max(read.states_BLH, read.mask_BL)
        cells_NPH, mask_NP = image.cells()[gold.post_N], image.mask_BP[gold.post_N]
        raw = self._matched.compared == "scores"
        match_B = None if raw or matched.logits_B2 is None else matched.logits_B2.softmax(-1)[:, 1]
        match_N = None if match_B is None else match_B[gold.post_N]
        score_NP = matching.scores(pooled_NH, cells_NPH, match_N)
        gold_NP = score_NP if raw else matching.weights(score_NP)
        own_NP = (matched.score_BP if raw else matched.weight_BP)[gold.post_N]
        if not self._matched.gold_learns:
            gold_NP = gold_NP.detach()
        squared_NP = (own_NP - gold_NP).square() * mask_NP
        each_N = squared_NP.sum(1) if raw else squared_NP.sum(1) / mask_NP.sum(1).clamp(min=1)
        return each_N.sum(), int(mask_NP.any(1).sum())


def _cross_entropy(logits_B2: Tensor, matches_B: Tensor, counted_B: Tensor) -> tuple[Tensor, int]:
    each_B = nn.functional.cross_entropy(logits_B2, matches_B.long(), reduction="none")
    return (each_B * counted_B).sum(), int(counted_B.sum())
