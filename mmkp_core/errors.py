"""Every error that `mmkp` raises on purpose.

    MmkpError                    say what, where and what to do about it
    |-- WrongInput               the command, a setting or a file given is wrong        (exit status 2)
    |   |-- UnknownName          a name that nothing has; carries the nearest right ones
    |   `-- Mismatch             two files or artifacts that do not belong together
    |-- Unavailable              a part this machine lacks: package, weights, key, device
    |-- TooManyBadRows           more quarantined rows than the stated share
    |-- Damaged                  bytes that differ from what was recorded
    |-- Diverged                 a training whose loss or gradient is no number any more
    |-- Stopped                  work that was asked to end; what it had done is kept
    |-- ChildDied                a process of ours that ended without a result
    `-- Transient                worth another try: the outside failed, not the work

The command line prints these without a traceback; anything else is a defect of ours and keeps its own.
"""

import difflib
from collections.abc import Iterable
from typing import Any


class MmkpError(Exception):
    """Base of the tree; the message is an instruction."""


class WrongInput(MmkpError):
    """The command, a setting or a file is wrong; nothing was started."""


class UnknownName(WrongInput):
    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        if near:
            remedy = f"did you mean {' or '.join(repr(n) for n in near)}?"
        elif known:
            remedy = f"known: {', '.join(known[:20])}{' ...' if len(known) > 20 else ''}"
        else:
            remedy = "there is none yet"
        super().__init__(f"no {what} is called {name!r}; {remedy}{' ' + hint if hint else ''}")

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), str(self))  # else it could not come back from another process


class Mismatch(WrongInput):
    """Two things that were given together do not belong together."""


class Unavailable(MmkpError):
    """This machine lacks a part; the message names the part and the way to get it."""


class TooManyBadRows(MmkpError):
    """The share of quarantined rows is above the bound; the table of them is written."""


class Damaged(MmkpError):
    """Stored bytes are not those that were recorded."""


class Diverged(MmkpError):
    """Training left the numbers: the loss or the gradient of a step is infinite or undefined."""


class Stopped(MmkpError):
    """The work was asked to end (SIGTERM) and has kept what it had done; the same call goes on from there."""


class ChildDied(MmkpError):
    """The process ended without a result; worth another try, which resumes from its last checkpoint."""


class Transient(MmkpError):
    """The outside failed in a way that often passes; the same call may succeed."""


def rebuilt(kind: type[MmkpError], message: str) -> MmkpError:
    """An error of another process, from its kind and message: its constructor may ask for more than that."""
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def lower_first(message: str) -> str:
    """A library's message as the rest of a sentence of ours."""
    return message[:1].lower() + message[1:]
