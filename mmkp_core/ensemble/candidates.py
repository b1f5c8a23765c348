"""The phrases that the members of an ensemble bring for a post, and what is known of each.

Axes: N candidates of all posts, F features.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmkp_core.data.post import Example, Prediction
from mmkp_core.data.text import normal_form, source_form

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidates:
    post_N: list[int]
    phrase_N: list[str]
    """As the first member that brings it spells it; phrases of one normal form are one candidate."""
    features_NF: Floats


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    """How many training posts have a keyphrase, by its normal form."""
    return Counter(form for example in examples for form in set(map(normal_form, example.post.keyphrases)))


def candidates(
    examples: Sequence[Example], members: Sequence[Sequence[Prediction]], counts: Mapping[str, int]
) -> Candidates:
    """What each of `members` predicts for each of `examples`, post by post."""
    found = Candidates([], [], np.zeros((0, 0)))
    rows: list[list[float]] = []
    for place, example in enumerate(examples):
        brought: dict[str, tuple[str, dict[int, list[float]]]] = {}
        for number, member in enumerate(members):
            for phrase, facts in _ranked(member[place]):
                _, by_member = brought.setdefault(normal_form(phrase), (phrase, {}))
                by_member.setdefault(number, facts)
        text, seen = source_form(example.post.text), source_form(example.image_words)
        for form, (phrase, by_member) in brought.items():
            own = [fact for number in range(len(members)) for fact in by_member.get(number, _ABSENT)]
            rows.append([*own, *_known(form, text, seen, counts)])
            found.post_N.append(place)
            found.phrase_N.append(phrase)
    return Candidates(found.post_N, found.phrase_N, np.array(rows, dtype=np.float64).reshape(len(rows), -1))


_ABSENT = [0.0, 0.0, 0.0, 0.0]


def _ranked(prediction: Prediction) -> list[tuple[str, list[float]]]:
    """Each phrase with: that it is there, one over its rank, how far its score is below the best, its score."""
    scores = prediction.scores or (0.0,) * len(prediction.phrases)
    pairs = zip(prediction.phrases, scores, strict=True)
    return [(phrase, [1.0, 1 / rank, score - scores[0], score]) for rank, (phrase, score) in enumerate(pairs, start=1)]


def _known(form: str, text: str, seen: str, counts: Mapping[str, int]) -> list[float]:
    """What holds of a phrase whoever brings it: where it stands, how common a keyphrase it is, how long it is."""
    inside = float(f" {form} " in text)
    common, words = math.log1p(counts.get(form, 0)), float(len(form.split(" ")))
    return [inside, float(f" {form} " in seen), common, float(not common), words, inside * common, inside * words]
