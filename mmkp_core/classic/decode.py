"""Beam search: the phrases that a trained writer generates for a post.

It runs over all posts of a batch at once. Beginnings are ranked by summed log-probability; one is finished at its
end sign, its score then being the sum divided by its words, end sign included. A post is done when its best
beginning ends and enough phrases are finished; if steps run out first, unfinished beginnings fill up behind the
finished. Only living beginnings of posts not yet done are computed.

Of all words only the `beam` likeliest by generation and those that can be copied are mixed: no other word can be
among the `beam` likeliest of the mixture. Axes: B posts, K beginnings of a post, R rows (living beginnings), T words
of a phrase, S copied words, U distinct copied words, V vocabulary, C candidates.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmkp_core.classic.blocks.heads import WordHead
from mmkp_core.classic.blocks.writer import FLOOR, NextWords, Phrase, Sources, State, Stepping
from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.data.vocabulary import BOS, EOS, UNK

ROWS = 128  # whose words are weighed at once: more gain nothing, fewer leave the product waiting for memory
BLOCK = 64  # the likeliest words are looked for in the likeliest blocks: 5x faster than a full selection
LOWEST = -80.0  # below the highest logit; exp of less is denormal, and 100x slower


def beam_search(
    writer: Stepping[State], embedding: nn.Embedding, sources: Sources, spec: DecodeSpec
) -> list[list[Phrase]]:
    """The best phrases of each post of a batch, best first, at most `spec.keep`."""
    text_BLH = sources.text.states_BLH
    posts, beam, steps, device = len(text_BLH), spec.beam, spec.steps, text_BLH.device
    known = embedding.num_embeddings
    copies = _Copies.of(sources.copied_BS)
    room_RV = text_BLH.new_full((min(ROWS, posts * beam), -(-known // BLOCK) * BLOCK), -torch.inf)
    finished, unfinished = _Pool(posts, device), _Pool(posts, device)
    words_BKT = torch.full((posts, beam, steps), EOS, device=device)
    looks_BKT = torch.zeros_like(words_BKT)
    score_BK = text_BLH.new_zeros(posts, beam)
    done_B = torch.zeros(posts, dtype=torch.bool, device=device)
    post_R, slot_R = torch.arange(posts, device=device), torch.zeros(posts, dtype=torch.long, device=device)
    state, word_R = writer.start(sources), torch.full((posts,), BOS, device=device)

    for step in range(steps):
        word_RE = embedding(torch.where(word_R < known, word_R, UNK))
        following, state = writer.step(sources, state, word_RE, post_R)
        likely_RC, next_RC = _likeliest(writer.words, following, copies, post_R, beam, room_RV)

        at = (post_R, slot_R)
        total_BKC = score_BK.new_full((posts, beam, beam), -torch.inf)
        total_BKC[at] = score_BK[at].unsqueeze(1) + likely_RC
        score_BK, choice_BK = total_BKC.flatten(1).topk(beam, dim=1)
        parent_BK = choice_BK // beam
        words_BKT, looks_BKT = _children(words_BKT, parent_BK), _children(looks_BKT, parent_BK)
        words_BKT[:, :, step] = _spread(next_RC, at, (posts, beam, beam)).flatten(1).gather(1, choice_BK)
        looks_BKT[:, :, step] = _spread(following.attention_ML.argmax(1), at, (posts, beam)).gather(1, parent_BK)

        real_BK = score_BK > -torch.inf
        ends_BK = real_BK & (words_BKT[:, :, step] == EOS)
        finished.add(ends_BK, score_BK / (step + 1), words_BKT, looks_BKT)
        done_B |= ends_BK[:, 0] & (finished.count_B >= spec.keep)
        living_BK = real_BK & ~ends_BK & ~done_B.unsqueeze(1)
        if step == steps - 1:
            unfinished.add(living_BK, score_BK / steps, words_BKT, looks_BKT)
        row_BK = _spread(torch.arange(len(post_R), device=device), at, (posts, beam)).gather(1, parent_BK)
        post_R, slot_R = torch.nonzero(living_BK, as_tuple=True)
        if not len(post_R):
            break
        word_R = words_BKT[post_R, slot_R, step]
        state = writer.written(sources, writer.reorder(state, row_BK[post_R, slot_R]), word_R, post_R)

    whole, cut = finished.best(spec.keep), unfinished.best(spec.keep)
    return [(done + rest)[: spec.keep] for done, rest in zip(whole, cut, strict=True)]


def _children(of_BKT: Tensor, parent_BK: Tensor) -> Tensor:
    """What each new beginning has from the one it continues."""
    return of_BKT.gather(1, parent_BK.unsqueeze(2).expand(-1, -1, of_BKT.shape[2]))


def _spread(rows: Tensor, at: tuple[Tensor, Tensor], shape: tuple[int, ...]) -> Tensor:
    """Rows in their places of posts and beginnings, zero elsewhere."""
    out = rows.new_zeros(shape)
    out[at] = rows
    return out


@dataclass(frozen=True, slots=True)
class _Copies:
    """The distinct words that each post can copy."""

    word_BU: Tensor
    """-1 where a post has fewer."""
    slot_BS: Tensor
    """Where in U each place of S belongs."""

    @classmethod
    def of(cls, copied_BS: Tensor) -> "_Copies":
        sorted_BS, order_BS = copied_BS.sort(dim=1)
        rank_BS = torch.zeros_like(sorted_BS)
        rank_BS[:, 1:] = (sorted_BS[:, 1:] != sorted_BS[:, :-1]).cumsum(1)
        most = int(rank_BS.max()) + 1 if rank_BS.numel() else 0
        word_BU = torch.full((len(copied_BS), most), -1, device=copied_BS.device)
        word_BU.scatter_(1, rank_BS, sorted_BS)
        return cls(word_BU, torch.empty_like(rank_BS).scatter_(1, order_BS, rank_BS))


def _likeliest(
    head: WordHead, following: NextWords, copies: _Copies, post_R: Tensor, beam: int, room_RV: Tensor
) -> tuple[Tensor, Tensor]:
    """Log-probabilities and numbers [R, beam] of the likeliest next words, best first."""
    word_RU = copies.word_BU[post_R]
    copied_RU = following.copy_MS.new_zeros(word_RU.shape)
    copied_RU.scatter_add_(1, copies.slot_BS[post_R], following.copy_MS)
    generated_RC, word_RC, generated_RU = _generated(head, following.features_MI, word_RU, beam, room_RV)
    generate_R1 = following.generate_M.unsqueeze(1)
    also_copied_RC = (word_RC.unsqueeze(2) == word_RU.unsqueeze(1)).any(2)
    probability = torch.cat((generate_R1 * generated_RC, generate_R1 * generated_RU + copied_RU), dim=1)
    absent = torch.cat((also_copied_RC, word_RU < 0), dim=1)
    log_probability = (probability + FLOOR).log().masked_fill(absent, -torch.inf)
    if (short := beam - log_probability.shape[1]) > 0:
        log_probability = nn.functional.pad(log_probability, (0, short), value=-torch.inf)
        word_RU = nn.functional.pad(word_RU, (0, short))
    best = log_probability.topk(beam, dim=1)
    return best.values, torch.cat((word_RC, word_RU), dim=1).gather(1, best.indices)


def _generated(
    head: WordHead, features_RI: Tensor, asked_RU: Tensor, most: int, room_RV: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities and numbers [R, C] of the words likeliest to be generated, and probabilities of `asked_RU`.

    `room_RV` is where logits are worked out, a few rows at a time; the columns past the last word are -inf.
    """
    known, (room, width) = head.widen.out_features, room_RV.shape
    most_blocks, most = min(most, width // BLOCK), min(most, known)
    narrow_RH = head.narrow(features_RI)
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for start in range(0, len(narrow_RH), room):
        few_RH, few_RU = narrow_RH[start : start + room], asked_RU[start : start + room]
        logits_RV = room_RV[: len(few_RH)]
        words_RV = logits_RV[:, :known]
        torch.addmm(head.widen.bias, few_RH, head.widen.weight.t(), out=words_RV)
        blocks_RXY = logits_RV.view(len(few_RH), -1, BLOCK)
        highest_RX = blocks_RXY.amax(2)
        block_RC = highest_RX.topk(most_blocks, dim=1).indices
        top = blocks_RXY.gather(1, block_RC.unsqueeze(2).expand(-1, -1, BLOCK)).flatten(1).topk(most, dim=1)
        word_RC = block_RC.gather(1, top.indices // BLOCK) * BLOCK + top.indices % BLOCK
        highest_R1 = highest_RX.amax(1, keepdim=True)
        words_RV.sub_(highest_R1).clamp_(min=LOWEST).exp_()
        total_R1 = words_RV.sum(1, keepdim=True)
        inside_RU = few_RU.clamp(0, known - 1)
        asked = words_RV.gather(1, inside_RU) / total_R1 * (inside_RU == few_RU)
        found.append(((top.values - highest_R1).exp() / total_R1, word_RC, asked))
    best, words, asked = (torch.cat(parts) for parts in zip(*found, strict=True))
    return best, words, asked


class _Pool:
    """Phrases of all posts, gathered step by step."""

    def __init__(self, posts: int, device: torch.device) -> None:
        self.count_B = torch.zeros(posts, dtype=torch.long, device=device)
        self._scores: list[Tensor] = []
        self._words: list[Tensor] = []
        self._looks: list[Tensor] = []

    def add(self, chosen_BK: Tensor, score_BK: Tensor, words_BKT: Tensor, looks_BKT: Tensor) -> None:
        self.count_B += chosen_BK.sum(1)
        self._scores.append(score_BK.masked_fill(~chosen_BK, -torch.inf))
        self._words.append(words_BKT)
        self._looks.append(looks_BKT)

    def best(self, keep: int) -> list[list[Phrase]]:
        if not self._scores:
            return [[] for _ in self.count_B]
        score_BF = torch.cat(self._scores, dim=1)
        top = score_BF.topk(min(keep, score_BF.shape[1]), dim=1)
        pick = top.indices.unsqueeze(2).expand(-1, -1, self._words[0].shape[2])
        words = torch.cat(self._words, dim=1).gather(1, pick).tolist()
        looks = torch.cat(self._looks, dim=1).gather(1, pick).tolist()
        return [
            [_phrase(*found) for found in zip(*post, strict=True) if found[2] > -math.inf]
            for post in zip(words, looks, top.values.tolist(), strict=True)
        ]


def _phrase(words: list[int], looks: list[int], score: float) -> Phrase:
    length = words.index(EOS) if EOS in words else len(words)
    return Phrase(tuple(words[:length]), tuple(looks[:length]), score)
