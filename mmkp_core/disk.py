"""Errors of the file system as instructions: a full disk, a folder that cannot be written, no file handles left.

Each library says them in its own way (an errno, a message of Arrow's, DuckDB's or safetensors'), so the whole chain of
an error is asked.
"""

import errno
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmkp_core.errors import MmkpError, Unavailable, WrongInput

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "database or disk is full")
SHUT = {
    errno.EROFS: "its file system is read-only",
    errno.EACCES: "its permissions shut this user out",
    errno.EPERM: "its permissions shut this user out",
    errno.ENOTDIR: "it, or a folder above it, is a file",
    errno.EEXIST: "there is a file of that name",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "its name is too long",
}
HANDLES = (errno.EMFILE, errno.ENFILE)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """File-system errors of what is written under `folder` rise as ours."""
    try:
        yield
    except MmkpError:
        raise
    except Exception as error:
        if explained := explanation(error, folder):
            raise explained from error
        raise


def explanation(error: BaseException, folder: Path) -> MmkpError | None:
    """What to do about an error that arose while `folder` was written; None where it is of another kind."""
    folder = folder.absolute()
    for link in _chain(error):
        number = link.errno if isinstance(link, OSError) else None
        named = Path(os.fsdecode(link.filename)) if isinstance(link, OSError) and _is_path(link.filename) else folder
        if number in FULL or (number is None and any(text in str(link) for text in FULL_TEXTS)):
            return _full(named)
        if number in HANDLES:
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            return Unavailable(f"no file handles are left (`ulimit -n` says {limit}): raise it, for example to 4096")
        if number in SHUT:
            home = named.is_relative_to(folder) or folder.is_relative_to(named)
            remedy = "; --home or MMKP_HOME names another place for results" if home else ""
            return WrongInput(f"{named} cannot be used: {SHUT[number]}{remedy}")
    return None


def _full(path: Path) -> Unavailable:
    usage = shutil.disk_usage(next(there for there in (path, *path.absolute().parents) if there.exists()))
    return Unavailable(
        f"the disk of {path} is full ({_size(usage.free)} of {_size(usage.total)} free): `mmkp gc` removes what killed "
        "commands left, `mmkp gc --unreferenced --delete` what no name reaches; the same command then goes on"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes) and len(name) > 0


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
