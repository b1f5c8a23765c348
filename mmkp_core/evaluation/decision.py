"""Champion against challenger: whether the challenger takes the name, and the reasons in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mmkp_core.evaluation.score_table import ScoreTable
from mmkp_core.evaluation.significance import Resampling, compare
from mmkp_core.evaluation.spec import PromotionRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison of two runs on the same posts comes to; differences are challenger minus champion."""

    verdict: Literal["promoted", "kept"]
    champion_score: float
    challenger_score: float
    difference: float
    low: float
    high: float
    p_value: float
    posts: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contestant:
    """What people call a run, and the system it is of."""

    run: str
    system: str


def decide(champion: ScoreTable, challenger: ScoreTable, rule: PromotionRule) -> Verdict:
    """The challenger takes the name only if it is better with significance, on posts that neither has seen."""
    [found] = compare(
        [challenger], [champion], [("all", rule.metric)], resampling=Resampling(confidence=rule.confidence)
    )
    better = found.low > rule.least_gain
    bound = f"the interval of the difference, {100 * found.low:+.2f} to {100 * found.high:+.2f}"
    least = f"{100 * rule.least_gain:+.2f}"
    return Verdict(
        verdict="promoted" if better else "kept",
        champion_score=found.theirs,
        challenger_score=found.ours,
        difference=found.difference,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        posts=found.posts,
        reasons=(
            f"{rule.metric} in points: challenger {100 * found.ours:.2f}, champion {100 * found.theirs:.2f} "
            f"on {found.posts:,} posts that neither has seen",
            f"{bound}, lies above {least}" if better else f"{bound}, does not lie above {least}: the champion stays",
        ),
    )


def comparison(
    verdict: Verdict, rule: PromotionRule, challenger: Contestant, champion: Contestant, left_out: int
) -> Sequence[str]:
    """Both scores, their difference with its interval and what the rule asks for, as lines of Markdown in points.

    `left_out` are posts of the data set that were left out as near-duplicates across its parts.
    """

    def row(role: str, one: Contestant, score: float) -> str:
        return f"| {role} | `{one.run}` | {one.system} | {100 * score:.2f} |"

    promoted = verdict.verdict == "promoted"
    bound, needed = f"{100 * verdict.low:+.2f}", f"{100 * rule.least_gain:+.2f}"
    interval = f"{100 * rule.confidence:g}% interval: {bound} to {100 * verdict.high:+.2f}"
    p_value = "p < 0.001" if verdict.p_value < 0.001 else f"p = {verdict.p_value:.3f}"
    return [
        f"| | run | system | {rule.metric} in points ({rule.protocol}) |",
        "|---|---|---|---:|",
        row("challenger", challenger, verdict.challenger_score),
        row("champion until now" if promoted else "champion", champion, verdict.champion_score),
        f"| difference | | {interval}, {p_value} | **{100 * verdict.difference:+.2f}** |",
        "",
        f"Why: the lower end of the interval, {bound}, is {'' if promoted else 'not '}above {needed}, which is what "
        f"the rule asks of a challenger (`rule.least_gain`).",
        "",
        f"Both were scored on the same {verdict.posts:,} test posts, which neither was trained on. "
        f"Posts of the data set left out as near-duplicates across its parts: {left_out:,}.",
    ]
