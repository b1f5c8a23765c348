"""`mmkp predict`: the flow `predict`, and then its phrases in a file."""

from collections.abc import Mapping
from inspect import Parameter
from pathlib import Path
from typing import Any

from flows.command.from_flow import Spelling, command_of
from flows.command.options import option
from flows.command.running import refuse_unknown_name, say

MORE = (
    option("output", str, Parameter.empty, "Where the phrases go: .txt, .jsonl or .parquet.", metavar="FILE"),
    option("head", str, "", "Which of the system's answers; its own unless given.", metavar="HEAD"),
)


def check(given: Mapping[str, Any], said: set[str]) -> None:
    """What can be known before the work: an ending that cannot be written, a champion that is not there."""
    from storage.prediction_files import check_output

    check_output(Path(given["output"]))
    if given["run"] == "champion":
        refuse_unknown_name("champion", "default")


def write(predictions: Any, given: Mapping[str, Any]) -> None:
    from mmkp_core.identity import ArtifactRef
    from storage.prediction_files import write_predictions
    from tasks.run.store import open_store

    output = Path(given["output"])
    posts = write_predictions(open_store(), ArtifactRef.parse(predictions), output, given["head"])
    say(f"phrases for {posts:,} posts")
    print(output)


predict = command_of("predict", Spelling(data="input", by_option=("run",), more=MORE, before=check, after=write))
