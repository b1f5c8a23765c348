"""Counts what a run has spent, from replies; what an endpoint never answered has no known price."""

from dataclasses import dataclass

from mmkp_core.teacher.reply import Reply
from mmkp_core.teacher.spec import TeacherLimits


@dataclass(slots=True)
class Account:
    """One run's figures. `earlier` holds what the journal says was paid before this run."""

    limits: TeacherLimits
    earlier_tokens: int = 0
    earlier_cost: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    bought: int = 0
    """Replies paid in this run."""
    remembered: int = 0
    """Replies that were there already."""
    retries: int = 0
    """Attempts that brought no reply."""
    unpriced: int = 0
    """Attempts that timed out or broke off: the endpoint may have charged for them."""
    pauses: int = 0
    """Requests that the endpoint turned away with the wish to wait."""
    unasked: int = 0
    """Questions left because the budget was spent."""

    def pay(self, reply: Reply) -> None:
        self.bought += 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        self.cost += cost_of(reply, self.limits)

    @property
    def tokens(self) -> int:
        """Paid on this journal so far, earlier runs included."""
        return self.earlier_tokens + self.prompt_tokens + self.completion_tokens

    @property
    def spent(self) -> bool:
        """Whether a bound is reached."""
        tokens, cost = self.limits.budget_tokens, self.limits.budget_cost
        return bool((tokens and self.tokens >= tokens) or (cost and self.earlier_cost + self.cost >= cost))


def cost_of(reply: Reply, limits: TeacherLimits) -> float:
    return (reply.prompt_tokens * limits.price_prompt + reply.completion_tokens * limits.price_reply) / 1e6
