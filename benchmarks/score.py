"""How fast is scoring, against a plain scorer as the papers' code is written?

The plain scorer goes post by post, stems every word where it meets it and knows nothing of the code it is measured
against; the tests use it as the second opinion on every figure.
"""

import math
import random
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nltk.stem.porter import PorterStemmer

from mmkp_core.data import text as text_module
from mmkp_core.data.post import Post, Prediction
from mmkp_core.evaluation.scorecard import evaluate
from mmkp_core.evaluation.significance import Resampling, intervals
from mmkp_core.evaluation.spec import EvaluateSpec

CUTS = (1, 3, 5)


def run(posts: int = 5_000, repeats: int = 3) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`; CPU seconds, best of `repeats`.

    Ours starts from empty caches each time. The ratio is reference / ours for scoring.
    """
    gold, predictions, train = made_up(posts)
    spec = EvaluateSpec(resamples=0)

    def ours() -> Any:
        text_module.stem.cache_clear()
        text_module.normal_form.cache_clear()
        return evaluate(gold, predictions, spec, train_keyphrases=train)

    def reference() -> Any:
        return plain_scores(gold, predictions, train)

    evaluate(gold[:10], predictions[:10], spec)  # loads the stemmer
    best_ours = best_reference = math.inf
    for _ in range(repeats):
        best_ours = min(best_ours, _cpu_seconds(ours))
        best_reference = min(best_reference, _cpu_seconds(reference))
    tables = list(ours().tables.values())

    def bounds() -> None:
        intervals(tables, Resampling())

    best_bounds = min(_cpu_seconds(bounds) for _ in range(repeats))
    size = f"{posts:,} posts x 5 phrases, 3 protocols, 5 slices"
    return [
        {
            "name": "score",
            "size": size,
            "ours": best_ours,
            "reference": best_reference,
            "ratio": best_reference / best_ours,
            "target": ">= 20",
            "unit": "CPU s",
            "peak_mib": _peak_mib(ours),
        },
        {
            "name": "score: intervals of every figure, 10,000 resamples",
            "size": size,
            "ours": best_bounds,
            "reference": None,
            "ratio": None,
            "target": "<= 2 s",
            "unit": "CPU s",
            "peak_mib": _peak_mib(bounds),
        },
    ]


def plain_scores(
    gold: Sequence[Post], predictions: Sequence[Prediction], train: Iterable[Iterable[str]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Figures by protocol, slice and metric."""
    stemmer = PorterStemmer()

    def stems(words: Iterable[str]) -> list[str]:
        return [stemmer.stem(word.strip().lower()) for word in words]

    labels = {" ".join(stems(phrase.strip().split(" "))) for phrases in train for phrase in phrases}
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for protocol, of_post in (("cmkp", _plain_cmkp), ("aimkp", _plain_aimkp), ("strict", _plain_strict)):
        slices: dict[str, list[dict[str, float]]] = {n: [] for n in ("all", "present", "absent", "seen", "unseen")}
        for post, prediction in zip(gold, predictions, strict=True):
            source = stems(post.text.split())
            targets = [stems(phrase.strip().split(" ")) for phrase in post.keyphrases]
            guesses = [stems(phrase.strip().split(" ")) for phrase in prediction.phrases or ("",)]
            tests: dict[str, Callable[[list[str]], bool]] = {
                "all": lambda words: True,
                "present": lambda words, source=source: _stands_in(words, source),
                "absent": lambda words, source=source: not _stands_in(words, source),
                "seen": lambda words: " ".join(words) in labels,
                "unseen": lambda words: " ".join(words) not in labels,
            }
            for name, test in tests.items():
                mine = [words for words in targets if test(words)]
                if mine:
                    slices[name].append(of_post(mine, [words for words in guesses if test(words)]))
        scores[protocol] = {name: _averages(protocol, posts) for name, posts in slices.items() if posts}
    return scores


def _stands_in(words: list[str], source: list[str]) -> bool:
    if words == [""]:
        return False
    return any(source[at : at + len(words)] == words for at in range(len(source) - len(words) + 1))


def _once(phrases: list[list[str]]) -> list[list[str]]:
    kept: list[list[str]] = []
    for phrase in phrases:
        if phrase not in kept:
            kept.append(phrase)
    return kept


def _plain_cmkp(targets: list[list[str]], guesses: list[list[str]]) -> dict[str, float]:
    targets = _once(targets)
    guesses = [words for words in _once(guesses) if not any(word in ("<unk>", ",", ".") for word in words)]
    hits = [1 if guess in targets else 0 for guess in guesses]
    out: dict[str, float] = {}
    for k in CUTS:
        out[f"p@{k}"] = sum(hits[:k]) / min(k, len(hits)) if hits else 0.0
        out[f"r@{k}"] = sum(hits[:k]) / len(targets)
    out["map@5"] = sum(sum(hits[: i + 1]) / (i + 1) for i in range(min(5, len(hits))) if hits[i]) / len(targets)
    out["ndcg@5"] = _ndcg(hits, sorted(hits, reverse=True))
    return out


def _plain_aimkp(targets: list[list[str]], guesses: list[list[str]]) -> dict[str, float]:
    wanted = {" ".join(words) for words in targets}
    answered = [" ".join(words) for words in guesses]
    out: dict[str, float] = {}
    for k in CUTS:
        common = len(wanted & set(answered[:k]))
        _add_f1(out, k, common / k, common / len(targets))
    n = min(5, len(answered))
    out["map@5"] = sum(len(wanted & set(answered[:i])) / i for i in range(1, n + 1)) / n if n else 0.0
    return out


def _plain_strict(targets: list[list[str]], guesses: list[list[str]]) -> dict[str, float]:
    targets = _once(targets)
    guesses = [words for words in _once(guesses) if words != [""]]
    hits = [1 if guess in targets else 0 for guess in guesses]
    out: dict[str, float] = {}
    for k in CUTS:
        _add_f1(out, k, sum(hits[:k]) / k, sum(hits[:k]) / len(targets))
    out["f1@m"] = 2 * sum(hits) / (len(guesses) + len(targets))
    average = sum(sum(hits[: i + 1]) / (i + 1) for i in range(min(5, len(hits))) if hits[i])
    out["map@5"] = average / min(5, len(targets))
    out["ndcg@5"] = _ndcg(hits, [1] * len(targets))
    return out


def _add_f1(out: dict[str, float], k: int, precision: float, recall: float) -> None:
    out[f"p@{k}"], out[f"r@{k}"] = precision, recall
    out[f"f1@{k}"] = 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _ndcg(hits: list[int], ideal: list[int]) -> float:
    def gain(hits: list[int]) -> float:
        return sum(hit / math.log2(rank + 1) for rank, hit in enumerate(hits[:5], 1))

    return gain(hits) / gain(ideal) if gain(ideal) else 0.0


def _averages(protocol: str, posts: list[dict[str, float]]) -> dict[str, float]:
    out = {name: sum(post[name] for post in posts) / len(posts) for name in posts[0]}
    if protocol == "cmkp":
        for k in CUTS:
            _add_f1(out, k, out[f"p@{k}"], out[f"r@{k}"])
    return out


def made_up(posts: int, seed: int = 0) -> tuple[list[Post], list[Prediction], list[tuple[str, ...]]]:
    """Posts of about 27 words over a vocabulary that grows as a tweet corpus's does, their guesses, and train labels.

    5,372 real tweets hold 17,021 word types; words drawn by rank^-1.15 from 45,000 give 19,121.
    """
    draw = random.Random(seed)
    syllables = [c + v + e for c in "bcdfglmnprst" for v in "aeiou" for e in ("", "n", "r", "s", "t", "x")]
    endings = ["", "", "s", "ed", "ing", "er", "ly", "ation", "ness", "al"]
    spelled = ("".join(draw.choices(syllables, k=draw.choice((2, 2, 3)))) + draw.choice(endings) for _ in range(48_000))
    words = list(dict.fromkeys(spelled))
    cumulative: list[float] = []
    for rank in range(1, len(words) + 1):
        cumulative.append((cumulative[-1] if cumulative else 0.0) + 1 / (rank + 5) ** 1.15)
    labels = [" ".join(draw.choices(words, cum_weights=cumulative, k=draw.choice((1, 2, 2, 3)))) for _ in range(4_261)]
    gold: list[Post] = []
    predictions: list[Prediction] = []
    for number in range(posts):
        of_post = draw.choices(words, cum_weights=cumulative, k=draw.randrange(12, 43))
        phrases = tuple(draw.choices(labels, k=draw.choice((1, 1, 1, 2, 3))))
        if draw.random() < 0.37:
            at = draw.randrange(len(of_post) - 2)
            phrases = (" ".join(of_post[at : at + draw.choice((1, 2))]), *phrases[1:])
        guesses = draw.choices(labels, k=4)
        guesses.insert(draw.randrange(5), phrases[0] if draw.random() < 0.6 else draw.choice(of_post))
        gold.append(Post(post_id=str(number), text=" ".join(of_post), keyphrases=phrases, line=number + 1))
        predictions.append(Prediction(str(number), tuple(guesses)))
    return gold, predictions, [(label,) for label in labels[: len(labels) * 19 // 20]]


def _cpu_seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak_mib(work: Callable[[], Any]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


if __name__ == "__main__":
    for row in run():
        print(row)
