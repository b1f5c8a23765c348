"""What one run of questions works with: an endpoint, a budget, a journal, and the replies that are paid already."""

from collections.abc import Mapping

from mmkp_core.teacher.account import Account
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import ReplyJournal
from mmkp_core.teacher.pace import Clock, LoopClock
from mmkp_core.teacher.reply import Reply
from mmkp_core.teacher.spec import TeacherLimits


class Session:
    """Questions to one endpoint under one budget. `replies` are paid ones from elsewhere: sealed parts of a journal."""

    def __init__(
        self,
        endpoint: Endpoint,
        limits: TeacherLimits,
        journal: ReplyJournal,
        replies: Mapping[str, Reply] | None = None,
        clock: Clock | None = None,
    ) -> None:
        prompt, completion = journal.prompt_tokens, journal.completion_tokens
        self.account = Account(
            limits,
            earlier_tokens=prompt + completion,
            earlier_cost=(prompt * limits.price_prompt + completion * limits.price_reply) / 1e6,
        )
        self.endpoint = endpoint
        self.journal = journal
        self.clock = clock or LoopClock()
        self._replies = replies or {}

    def known(self, request: str) -> Reply | None:
        """The reply to a request that is paid already."""
        return self._replies.get(request) or self.journal.get(request)
