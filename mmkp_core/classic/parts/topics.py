"""Topics: what a post is about, found in the words that occur in it and learned beside its keyphrases."""

from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from mmkp_core.spec import spec


@spec
class TopicSpec:
    """A neural topic model: a post's words, in no order, are explained by a mixture of topics."""

    topics: Annotated[int, Ge(1), Le(10_000)] = 50
    """How many there are."""
    words: Annotated[int, Ge(1), Le(1_000_000)] = 10_000
    """Most frequent words that it looks at; only those that hold a letter."""
    left_out: Annotated[int, Ge(0), Le(100_000)] = 100
    """The most frequent words of all, which are left out: they tell no topic."""
    inner: Annotated[int, Ge(1), Le(4096)] = 500
    """Numbers in its layers."""
    sparsity: Annotated[float, Ge(0), Le(1)] = 0.85
    """The share of words that a topic should not use."""
    pressure: Annotated[float, Gt(0)] = 1.6e-9
    """How strongly each post at first pulls the topics' words to zero; each epoch it is multiplied by two to the power
    of what the share lacks."""


TOPICS: Mapping[type[Any], str] = {TopicSpec: "mmkp_core.classic.blocks.topic_model:TopicModel"}
"""Spec -> its block."""
