"""The writer of ONE2SET: each of its codes leads to one phrase, or to none, and all are written side by side.

A code is a vector that is added to every word of its phrase; it sees its own phrase and the text, no other phrase. In
training each code first writes a few words by itself. The codes are then matched with the phrases, so that the summed
probability of the phrases' first words is highest, and each learns the phrase that it is matched with; codes of the
first half are matched with phrases of the text, the others with the rest.

Axes: B posts, N codes, T steps, R rows (post by post, code by code), M words to be written, V words and copied words.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, ClassVar

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Sizes
from mmkp_core.classic.blocks.transformer_writer import TransformerWriter
from mmkp_core.classic.blocks.writer import NextWords, Phrase, Sources
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.fields.phrase_sets import PhraseSetField
from mmkp_core.classic.parts.writers import SetWriterSpec
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import BOS, NULL, PAD, UNK


class SetWriter(TransformerWriter):
    fields: ClassVar[tuple[AnyField, ...]] = (PhraseSetField,)

    def __init__(self, spec: SetWriterSpec, sizes: Sizes) -> None:
        super().__init__(spec, sizes)
        self.codes = nn.Embedding(spec.codes, sizes.word_size)
        self.matched_steps = min(spec.matched_steps, spec.steps)
        self.null_weights = spec.null_weights

    def log_likelihood(
        self, sources: Sources, batch: ClassicBatch, vectors: Mapping[AnyField, Tensor], embedding: nn.Embedding
    ) -> Tensor:
        """log P of each word; that of writing nothing is weighted."""
        target_BNT, word_BNTE = batch[PhraseSetField].target_BNT, vectors[PhraseSetField]
        order_BN = self.matched(sources, target_BNT, embedding)
        at = (torch.arange(len(target_BNT), device=target_BNT.device).unsqueeze(1), order_BN)
        target_RT, word_RTE = target_BNT[at].flatten(0, 1), word_BNTE[at].flatten(0, 1)
        post_R = self._post_of_rows(len(target_BNT), target_BNT.device)
        state_RTH = self._read(sources, self._with_codes(word_RTE), post_R)

        row_M, step_M = torch.nonzero(target_RT != PAD, as_tuple=True)
        following = self.next_words(sources, state_RTH[row_M, step_M], word_RTE[row_M, step_M], post_R[row_M])
        target_M = target_RT[row_M, step_M]
        in_text_M = row_M % self.codes.num_embeddings < self.codes.num_embeddings // 2
        in_text, elsewhere = self.null_weights
        null_M = torch.where(in_text_M, in_text, elsewhere)
        likelihood_M: Tensor = self.weigh(sources, following, target_M, post_R[row_M])
        return torch.where(target_M == NULL, null_M, 1.0) * likelihood_M

    @torch.no_grad()
    def matched(self, sources: Sources, target_BNT: Tensor, embedding: nn.Embedding) -> Tensor:
        """For each code [B, N] the place of the phrase that it is to write."""
        target_BNK = target_BNT[:, :, : self.matched_steps]
        written = (target_BNK != PAD) & (target_BNK != NULL)
        score_BNN = torch.zeros(*target_BNT.shape[:2], target_BNT.shape[1], device=target_BNT.device)
        for step, probability_RV in enumerate(self._written_alone(sources, embedding)):
            probability_BNV = probability_RV.view(*target_BNT.shape[:2], -1)
            asked_BNN = target_BNK[:, None, :, step].expand_as(score_BNN)
            score_BNN += probability_BNV.gather(2, asked_BNN) * written[:, None, :, step]
        half = target_BNT.shape[1] // 2
        order = [
            [start + int(place) for start in (0, half) for place in _assignment(score_NN, start, half)]
            for score_NN in score_BNN.cpu()
        ]
        return torch.tensor(order, device=target_BNT.device)

    def phrases(self, sources: Sources, embedding: nn.Embedding, spec: DecodeSpec) -> list[list[Phrase]]:
        codes = self.codes.num_embeddings
        found = beam_search(self, embedding, _repeated(sources, codes), replace(spec, beam=1, keep=1))
        posts = [found[start : start + codes] for start in range(0, len(found), codes)]
        return [
            sorted((p for code in post for p in code if p.words[:1] != (NULL,)), key=lambda phrase: -phrase.score)
            for post in posts
        ]

    def step(self, sources: Sources, state: Tensor, word_RE: Tensor, post_R: Tensor) -> tuple[NextWords, Tensor]:
        """`sources` are those of each post once for each code: `post_R` tells both."""
        state = torch.cat((state, word_RE.unsqueeze(1)), dim=1)
        coded_RTE = state + self.codes(post_R % self.codes.num_embeddings).unsqueeze(1)
        return self.next_words(sources, self._read(sources, coded_RTE, post_R)[:, -1], word_RE, post_R), state

    def _written_alone(self, sources: Sources, embedding: nn.Embedding) -> list[Tensor]:
        """At each of the matched steps the probability [R, V] of every word, after the likeliest so far."""
        post_R = self._post_of_rows(len(sources.copied_BS), sources.copied_BS.device)
        word_RT = torch.full((len(post_R), 1), BOS, device=post_R.device)
        found = []
        for step in range(self.matched_steps):
            word_RTE = embedding(torch.where(word_RT < embedding.num_embeddings, word_RT, UNK))
            state_RTH = self._read(sources, self._with_codes(word_RTE), post_R)
            following = self.next_words(sources, state_RTH[:, step], word_RTE[:, step], post_R)
            found.append(self._distribution(sources, following, post_R))
            word_RT = torch.cat((word_RT, found[-1].argmax(1, keepdim=True)), dim=1)
        return found

    def _distribution(self, sources: Sources, following: NextWords, post_R: Tensor) -> Tensor:
        generated_RV = self.words(following.features_MI).softmax(-1) * following.generate_M.unsqueeze(1)
        copied_RS = sources.copied_BS.index_select(0, post_R)
        own = max(int(copied_RS.max()) + 1 - generated_RV.shape[1], 0) if copied_RS.numel() else 0
        return nn.functional.pad(generated_RV, (0, own)).scatter_add(1, copied_RS, following.copy_MS)

    def _with_codes(self, word_RTE: Tensor) -> Tensor:
        posts = len(word_RTE) // self.codes.num_embeddings
        return word_RTE + self.codes.weight.repeat(posts, 1).unsqueeze(1)

    def _post_of_rows(self, posts: int, device: torch.device) -> Tensor:
        return torch.arange(posts, device=device).repeat_interleave(self.codes.num_embeddings)


def _assignment(score_NN: Tensor, start: int, half: int) -> Tensor:
    """For each code of a half the place in it of its phrase; the sum of the scores is the highest possible."""
    part = score_NN[start : start + half, start : start + half]
    return torch.as_tensor(linear_sum_assignment(part.numpy(), maximize=True)[1])


def _repeated(sources: Sources, times: int) -> Sources:
    """Each post so many times, side by side."""

    def each(of: Any) -> Any:
        if isinstance(of, Tensor):
            return of.repeat_interleave(times, dim=0)
        if is_dataclass(of) and not isinstance(of, type):
            return replace(of, **{f.name: each(getattr(of, f.name)) for f in fields(of)})
        return of

    repeated: Sources = each(sources)
    return repeated
