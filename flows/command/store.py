"""Commands on the store itself: queries, and its upkeep."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from flows.command.running import say
from mmkp_core.errors import MmkpError, WrongInput

if TYPE_CHECKING:
    from storage.store import Store


def query(
    sql: Annotated[str, Parameter(metavar="SQL")] = "",
    /,
    *,
    format: Literal["table", "json", "csv", "parquet"] = "table",
    allow_files: bool = False,
) -> None:
    """SQL over everything in the store.

    Args:
        sql: A SELECT, which changes nothing; without it, the views and their columns are printed.
        format: How the rows are printed.
        allow_files: Let the query read files outside the store, too.
    """
    from flows.command.query import print_query, print_views
    from tasks.run.store import existing_store

    if sql:
        print_query(existing_store(), sql, format, allow_files)
    else:
        print_views()


def verify() -> None:
    """Check every record, stored byte and name."""
    from storage.upkeep import verify as check
    from tasks.run.store import existing_store

    found = 0
    for wrong in check(existing_store()):
        found += 1
        print(wrong)
    if found:
        raise MmkpError(f"{found} findings")
    say("every record, stored byte and name is as it should be")


def gc(*, unreferenced: bool = False, delete: bool = False) -> None:
    """Remove what killed and replaced builds left behind.

    Args:
        unreferenced: List the artifacts that no name leads to instead, and remove nothing.
        delete: With --unreferenced: remove them. What is made of them is made again when it is needed.
    """
    from storage.upkeep import collect_garbage
    from tasks.run.store import existing_store

    store = existing_store()
    if delete and not unreferenced:
        raise WrongInput("--delete goes with --unreferenced")
    if unreferenced:
        _unreferenced(store, delete)
        return
    removed = 0
    for stale in collect_garbage(store):
        removed += 1
        print(stale.path)
    say(f"removed {removed} stale files and folders")


def _unreferenced(store: "Store", delete: bool) -> None:
    from storage.upkeep import unreferenced

    found = unreferenced(store)
    size = sum(file.size for record in found for file in record.files)
    for record in found:
        print(record.ref)
        if delete:
            store.forget(record.ref)
    what = f"{len(found)} artifacts of {size / 2**20:,.1f} MiB that no name leads to"
    say(f"removed {what}" if delete else f"{what}; `mmkp gc --unreferenced --delete` removes them")
