"""A Prefect task whose reuse the store decides: Prefect's own cache is off, and `Cached` is only what it shows."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

P = ParamSpec("P")
R = TypeVar("R")


class StoredTask(Task[P, R]):
    """Called directly, it gives its value also where it ends as `Cached`; a plain task gives the state instead."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = super().__call__(*args, **kwargs)
        return result.result() if isinstance(result, State) else result


def stored_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """`@stored_task()` in place of `@task`; options are those of a task."""

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        return cast(Task[P, R], StoredTask(function, cache_policy=NO_CACHE, persist_result=False, **options))

    return decorate
