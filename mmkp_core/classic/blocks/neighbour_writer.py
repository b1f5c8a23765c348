"""NEIGHBOUR-COPY: a writer that also copies keyphrases of other posts, word by word where they go on as it began.

    Lent(word | begun) = weight of the phrases that begin so and go on with `word`, of all that begin so
    P(word)            = p Generate + (1 - p) ((1 - n) Copy + n Lent)
    n                  = sigmoid(w [features ; facts of the phrases that begin so]);  0 where no phrase does

Generate, p and Copy are those of the writer inside. Axes: B posts, R rows, M words to be written, K lent phrases,
T words of a phrase, S copied words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import TextStates
from mmkp_core.classic.blocks.copying_writer import CopyingWriter
from mmkp_core.classic.blocks.writer import NextWords, Phrase, Sources, State, Writer
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.spec import DecodeSpec

FACTS = 3  # the weight of the phrases that begin so, the highest among it, and whether there is any


@dataclass(frozen=True, slots=True)
class Begun(Generic[State]):
    """A writer's state, and what of the lent phrases it has begun."""

    inside: State
    begun_RK: Tensor
    """Which phrases begin with all words written so far."""
    steps: int
    """How many those are."""


class NeighbourWriter(Writer[Begun[Any]]):
    def __init__(self, inside: CopyingWriter[Any]) -> None:
        super().__init__()
        self.inside = inside
        self.lend = nn.Linear(inside.words.narrow.in_features + FACTS, 1)

    @property
    def words(self) -> Any:  # type: ignore[override]
        return self.inside.words

    def sources(
        self, text: TextStates, fused_BH: Tensor | None, copied_BL: Tensor, topics_BK: Tensor | None = None
    ) -> Sources:
        return self.inside.sources(text, fused_BH, copied_BL, topics_BK)

    def log_likelihood(
        self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor], embedding: nn.Embedding
    ) -> Tensor:
        phrases = batch[PhraseField]
        following = self.inside.following(sources, batch, vectors)
        step_M, phrase_M = phrases.place_M // len(phrases.post_N), phrases.place_M % len(phrases.post_N)
        target_NT = torch.full((len(phrases.post_N), int(step_M.max()) + 1), -1, device=phrases.target_M.device)
        target_NT[phrase_M, step_M] = phrases.target_M
        begun_NTK = begun(sources.lent_words_BKT.index_select(0, phrases.post_N), target_NT)
        mixed = self._with_lent(sources, following, begun_NTK[phrase_M, step_M], step_M, phrases.post_M)
        return self.inside.weigh(sources, mixed, phrases.target_M, phrases.post_M)

    def phrases(self, sources: Sources, embedding: nn.Embedding, spec: DecodeSpec) -> list[list[Phrase]]:
        return beam_search(self, embedding, sources, spec)

    def start(self, sources: Sources) -> Begun[Any]:
        words_BKT = sources.lent_words_BKT
        return Begun(self.inside.start(sources), torch.ones_like(words_BKT[:, :, 0], dtype=torch.bool), 0)

    def step(
        self, sources: Sources, state: Begun[Any], word_RE: Tensor, post_R: Tensor
    ) -> tuple[NextWords, Begun[Any]]:
        following, inside = self.inside.step(sources, state.inside, word_RE, post_R)
        step_R = torch.full_like(post_R, state.steps)
        mixed = self._with_lent(sources, following, state.begun_RK, step_R, post_R)
        return mixed, replace(state, inside=inside)

    def written(self, sources: Sources, state: Begun[Any], word_R: Tensor, post_R: Tensor) -> Begun[Any]:
        words_BKT = sources.lent_words_BKT
        if state.steps >= words_BKT.shape[2]:
            return Begun(state.inside, torch.zeros_like(state.begun_RK), state.steps + 1)
        goes_on_RK = words_BKT[post_R, :, state.steps] == word_R.unsqueeze(1)
        return Begun(state.inside, state.begun_RK & goes_on_RK, state.steps + 1)

    def reorder(self, state: Begun[Any], row_R: Tensor) -> Begun[Any]:
        return replace(state, inside=self.inside.reorder(state.inside, row_R), begun_RK=state.begun_RK[row_R])

    def _with_lent(
        self, sources: Sources, following: NextWords, begun_MK: Tensor, step_M: Tensor, post_M: Tensor
    ) -> NextWords:
        """With what is lent among what is copied; `copied_BS` ends with the lent phrases, word by word."""
        words_BKT = sources.lent_words_BKT
        weight_MK = sources.lent_weights_BK.index_select(0, post_M) * begun_MK
        begun_M1 = weight_MK.sum(1, keepdim=True)
        any_M1 = (begun_M1 > 0).to(weight_MK.dtype)
        facts_MF = torch.cat((begun_M1, weight_MK.amax(1, keepdim=True), any_M1), dim=1)
        share_M1 = torch.sigmoid(self.lend(torch.cat((following.features_MI, facts_MF), dim=1))) * any_M1
        lent_MK = weight_MK / begun_M1.clamp(min=torch.finfo(weight_MK.dtype).tiny)
        here_MT = step_M.unsqueeze(1) == torch.arange(words_BKT.shape[2], device=step_M.device)
        lent_MS = (lent_MK.unsqueeze(2) * here_MT.unsqueeze(1)).flatten(1)
        copied_M1 = (1 - following.generate_M).unsqueeze(1)
        copy_MS = torch.cat(((1 - share_M1) * following.copy_MS, copied_M1 * share_M1 * lent_MS), dim=1)
        return replace(following, copy_MS=copy_MS)


def begun(words_NKT: Tensor, target_NT: Tensor) -> Tensor:
    """[N, T, K] which phrases begin with the first t words of a target; before the first word all do."""
    longest = words_NKT.shape[2]
    steps = target_NT.shape[1]
    shorter = min(longest, steps)
    same_NKT = words_NKT[:, :, :shorter] == target_NT[:, None, :shorter]
    so_far_NKT = same_NKT.long().cumprod(2).bool()
    out_NTK = words_NKT.new_zeros((len(words_NKT), steps, words_NKT.shape[1]), dtype=torch.bool)
    out_NTK[:, 0] = True
    last = min(shorter, steps - 1)
    out_NTK[:, 1 : last + 1] = so_far_NKT[:, :, :last].transpose(1, 2)
    return out_NTK
