"""Gold and predicted phrases judged: which are equal, repeated, present, seen.

Everything that the protocols agree on, worked out once and kept as flat arrays: one entry per phrase, in the order
of posts and ranks, with `row` the post it belongs to. Phrases are compared in normal form.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.data.post import Post, Prediction
from mmkp_core.data.text import normal_form, source_form

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

INVALID_WORDS = frozenset({"<unk>", ",", "."})
IMAGE_WORDS_OPEN = "<seg>"
"""Stands between text and image words, so that no phrase is present across the seam."""


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """All phrases of one side."""

    row: Counts
    form: Counts
    """Number of the normal form; equal numbers are equal phrases."""
    fresh: Flags
    """Not equal to an earlier phrase of the same post."""
    present: Flags
    seen: Flags | None
    empty: Flags
    invalid: Flags
    """Holds a word that the CMKP code refuses."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    post_ids: tuple[str, ...]
    gold: Phrases
    guesses: Phrases
    right: Flags
    """Per guess: equal to a gold phrase of its post, and fresh: saying it twice is not two hits."""
    kinds: Mapping[str, tuple[Flags, Flags]]
    """Per kind of phrase: which gold phrases are of it, and which guesses equal one of those."""
    leaked: Flags | None
    """Per post: a duplicate or near-duplicate of it was trained on; None where nobody looked."""


def judge(
    gold: Sequence[Post],
    predictions: Sequence[Prediction],
    *,
    image_words: Mapping[str, str] | None = None,
    labels: Set[str] | None = None,
    kinds: Mapping[str, Mapping[str, str]] | None = None,
    leaked: Set[str] | None = None,
) -> Judged:
    """Compare aligned predictions with their posts.

    `image_words` joins the text where present is asked of both; `labels` are the normal forms of the training
    phrases; `kinds` names the kind of gold phrases, by post id and phrase; `leaked` are ids of posts.
    """
    numbers: dict[str, int] = {}
    gold_flat = _flat([post.keyphrases for post in gold], numbers)
    guess_flat = _flat([prediction.phrases or ("",) for prediction in predictions], numbers)
    forms = list(numbers)
    sources = [source_form(_source(post, image_words)) for post in gold]
    gold_phrases = _phrases(*gold_flat, forms, sources, labels)
    guesses = _phrases(*guess_flat, forms, sources, labels)
    gold_pair, guess_pair = _pair(gold_phrases, len(forms)), _pair(guesses, len(forms))
    kind_of_gold = _kinds(gold, kinds or {})
    return Judged(
        post_ids=tuple(post.post_id for post in gold),
        gold=gold_phrases,
        guesses=guesses,
        right=np.isin(guess_pair, gold_pair) & guesses.fresh & ~guesses.empty,
        kinds={name: (of, np.isin(guess_pair, gold_pair[of])) for name, of in kind_of_gold.items()},
        leaked=None if leaked is None else np.array([post.post_id in leaked for post in gold], dtype=bool),
    )


def _source(post: Post, image_words: Mapping[str, str] | None) -> str:
    words = (image_words or {}).get(post.post_id, "")
    return f"{post.text} {IMAGE_WORDS_OPEN} {words}" if words else post.text


def _flat(phrases_by_post: Sequence[Sequence[str]], numbers: dict[str, int]) -> tuple[Counts, Counts]:
    row = np.repeat(np.arange(len(phrases_by_post)), [len(phrases) for phrases in phrases_by_post])
    form = [numbers.setdefault(normal_form(phrase), len(numbers)) for phrases in phrases_by_post for phrase in phrases]
    return row, np.array(form, dtype=np.int64)


def _phrases(
    row: Counts, form: Counts, forms: Sequence[str], sources: Sequence[str], labels: Set[str] | None
) -> Phrases:
    fresh = np.zeros(len(row), dtype=bool)
    fresh[np.unique(row * max(len(forms), 1) + form, return_index=True)[1]] = True
    framed = [f" {name} " for name in forms]
    present = [framed[f] in sources[r] for r, f in zip(row.tolist(), form.tolist(), strict=True)]
    empty = _by_form(form, [not name for name in forms])
    return Phrases(
        row=row,
        form=form,
        fresh=fresh,
        present=np.array(present, dtype=bool) & ~empty,
        seen=None if labels is None else _by_form(form, [name in labels for name in forms]),
        empty=empty,
        invalid=_by_form(form, [not INVALID_WORDS.isdisjoint(name.split(" ")) for name in forms]),
    )


def _by_form(form: Counts, flags: Sequence[bool]) -> Flags:
    return np.array(flags, dtype=bool)[form] if len(form) else np.zeros(0, dtype=bool)


def _pair(phrases: Phrases, forms: int) -> Counts:
    return phrases.row * max(forms, 1) + phrases.form


def _kinds(gold: Sequence[Post], kinds: Mapping[str, Mapping[str, str]]) -> dict[str, Flags]:
    of_phrase = [kinds.get(post.post_id, {}).get(phrase, "") for post in gold for phrase in post.keyphrases]
    names = np.array(of_phrase, dtype=object)
    return {name: names == name for name in sorted(set(of_phrase)) if name}
