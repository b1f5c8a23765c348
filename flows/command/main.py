"""`mmkp`: finds the command, runs it, and tells what went wrong in one sentence.

Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 the work failed, 2 the command
was wrong.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from flows.command.table import commands, overview
from mmkp_core.errors import MmkpError, UnknownName, WrongInput

if TYPE_CHECKING:
    from cyclopts import App

HOME = "Every command: `--home FOLDER` is where results are kept, a folder or an fsspec URL (MMKP_HOME, ./mmkp-data)."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends the process where it failed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        run(take_home(words))
    except WrongInput as error:
        _fail(error, 2)
    except MmkpError as error:
        _fail(error, 1)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _fail_of_system(error)
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on where this one stopped", 130)


def run(words: Sequence[str]) -> None:
    """Run the command that the first word names."""
    if not words or words[0] in ("-h", "--help"):
        print(f"{overview()}\n\n{HOME}")
        return
    app = application(words[0])
    from cyclopts import CycloptsError

    try:
        app(words)
    except CycloptsError as error:
        raise WrongInput(" ".join(str(error).split())) from None


def application(name: str) -> "App":
    """What reads the words of one command; nothing of another command is loaded."""
    known = commands()
    if name not in known:
        raise UnknownName("command", name, known, "`mmkp --help` lists them all.")
    from cyclopts import App, Parameter

    plain = Parameter(negative="", show_default=shown)
    app = App(
        name="mmkp", help_epilogue=HOME, help_format="plaintext", version_flags=(), exit_on_error=False,
        print_error=False, default_parameter=plain, result_action="return_value", suppress_keyboard_interrupt=False,
    )  # fmt: skip
    app.command(known[name].load(), name=name)
    return app


def shown(default: Any) -> str | None:
    """A default as the help shows it; nothing where it says nothing."""
    return None if default is False or default in ("", (), None) else str(default)


def take_home(words: Sequence[str]) -> list[str]:
    """The words without `--home FOLDER`, wherever it stands, which becomes the environment's."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--home" or word.startswith("--home="):
            folder = word.partition("=")[2] or next(rest, "")
            if not folder:
                raise WrongInput("--home: name the folder or URL where results are kept")
            os.environ["MMKP_HOME"] = folder
        else:
            left.append(word)
    return left


def _fail_of_system(error: Exception) -> NoReturn:
    """A full disk or a forbidden folder in one sentence; anything else is a defect of ours, with its traceback."""
    import traceback

    from flows.server.private import server_home
    from mmkp_core.disk import explanation

    explained = explanation(error, server_home())
    if explained is None:
        traceback.print_exception(error)
    _release(error)
    if explained is None:
        sys.exit(1)
    _fail(explained, 2 if isinstance(explained, WrongInput) else 1)


def _fail(error: object, status: int) -> NoReturn:
    print(f"mmkp: {error}", file=sys.stderr)
    if isinstance(error, BaseException):
        _release(error)
    sys.exit(status)


def _release(error: BaseException) -> None:
    """Let go of the frames of an error: objects of DuckDB in them would live on to the interpreter's end."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
