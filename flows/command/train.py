"""`mmkp train`: the flow `train`, its data said by `--train`."""

from collections.abc import Mapping
from typing import Any

from flows.command.from_flow import Spelling, command_of
from mmkp_core.errors import WrongInput


def refuse_both(given: Mapping[str, Any], said: set[str]) -> None:
    if {"valid", "valid_share"} <= said:
        raise WrongInput("train: give --valid or --valid-share, not both")


train = command_of("train", Spelling(data="train", before=refuse_both))
