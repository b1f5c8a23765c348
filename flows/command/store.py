"""Commands on the store itself: queries, and its upkeep."""

from typing import Annotated, Literal

from cyclopts import Parameter

from flows.command.running import say
from mmkp_core.errors import MmkpError


def query(
    sql: Annotated[str, Parameter(metavar="SQL")] = "",
    /,
    *,
    format: Literal["table", "json", "csv", "parquet"] = "table",
) -> None:
    """SQL over everything in the store.

    Args:
        sql: A SELECT; without it, the views and their columns are printed.
        format: How the rows are printed.
    """
    from flows.command.query import print_query, print_views
    from tasks.run.store import open_store

    if sql:
        print_query(open_store(), sql, format)
    else:
        print_views()


def verify() -> None:
    """Check every stored byte against its hash."""
    from storage.upkeep import verify as check
    from tasks.run.store import open_store

    found = 0
    for wrong in check(open_store()):
        found += 1
        print(f"{wrong.path}: its bytes are not those recorded; {wrong.remedy}")
    if found:
        raise MmkpError(f"{found} damaged files")
    say("every stored byte is as recorded")


def gc() -> None:
    """Remove what killed and replaced builds left behind."""
    from storage.upkeep import collect_garbage
    from tasks.run.store import open_store

    removed = 0
    for stale in collect_garbage(open_store()):
        removed += 1
        print(stale.path)
    say(f"removed {removed} stale files and folders")
