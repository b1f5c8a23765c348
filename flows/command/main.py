"""`mmkp`: finds the command, runs it, and tells what went wrong in one sentence.

Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 the work failed, 2 the command
was wrong.
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Group, Parameter

from flows.command.table import Command, commands
from mmkp_core.errors import MmkpError, UnknownName, WrongInput

ABOUT = "Posts of text and image to trained, honestly measured keyphrase predictors."
HOME = "Where results are kept: a folder or an fsspec URL (MMKP_HOME, ./mmkp-data)."
OPTIONS = Group("For every command", sort_key=1000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends the process where it failed."""
    try:
        app().meta(list(sys.argv[1:] if arguments is None else arguments))
    except CycloptsError as error:
        _fail(" ".join(str(error).split()), 2)
    except WrongInput as error:
        _fail(error, 2)
    except MmkpError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on where this one stopped", 130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def app() -> App:
    """The application with every command, none of them loaded."""
    known = commands()
    made = App(
        name="mmkp", help=ABOUT, version=lambda: version("mmkp"), help_format="plaintext", exit_on_error=False,
        print_error=False, result_action="return_value", suppress_keyboard_interrupt=False,
    )  # fmt: skip
    titles = list(dict.fromkeys(row.group for row in known.values()))
    groups = {title: Group(title, sort_key=place) for place, title in enumerate(titles)}
    for place, (name, row) in enumerate(known.items()):
        made.command(row.where, name=name, help=row.about, group=groups[row.group], sort_key=place)
    for flag in (*made.help_flags, *made.version_flags):
        made[flag].group = OPTIONS

    @made.meta.default
    def launch(
        *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        home: Annotated[
            str,
            Parameter(group=OPTIONS, help=HOME, metavar="FOLDER", show_default=False),
        ] = "",
    ) -> None:
        _refuse_unknown(words, known)
        if home:
            os.environ["MMKP_HOME"] = home
        made(words)

    return made


def _refuse_unknown(words: Sequence[str], known: dict[str, Command]) -> None:
    """Before the library looks for the nearest command, for which it would load them all."""
    if words and not words[0].startswith("-") and words[0] not in known:
        raise UnknownName("command", words[0], known, "`mmkp --help` lists them all.")


def _fail(error: object, status: int) -> NoReturn:
    print(f"mmkp: {error}", file=sys.stderr)
    sys.exit(status)
