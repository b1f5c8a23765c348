"""Training posts as prompts with their answers' tokens, for the training loop to cut into batches."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmkp_core.data.post import Example
from mmkp_core.prompts.answer import render_answer
from mmkp_core.training.batching import Indices
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.micro_batch import MicroBatch, MicroBatches
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.shown import shown_post, shown_words
from mmkp_core.vlm.spec import VlmSpec

# tokens; sorted to the token, batches of near-equal posts gather one kind of post, and learn it over the others
GRAIN = 16


class VlmSamples:
    """`Samples` over those examples that have something to answer."""

    def __init__(
        self, examples: Sequence[Example], pictures: Pictures, conversation: Conversation, spec: VlmSpec
    ) -> None:
        self._pictures = pictures
        self._conversation = conversation
        self._spec = spec
        bare = conversation.answer_ids([render_answer(example.post.keyphrases) for example in examples])
        fitting = [
            i
            for i, (example, ids) in enumerate(zip(examples, bare, strict=True))
            if example.post.keyphrases and len(ids) <= spec.longest_answer
        ]
        self.left_out = len(examples) - len(fitting)
        """Posts with nothing to answer, or with too much."""
        self._examples = [examples[i] for i in fitting]
        self._bare = [bare[i] for i in fitting]
        self._reasoned = _reasoned(self._examples, conversation, spec.longest_answer)
        self.with_rationale = sum(map(bool, self._reasoned))
        """Posts whose rationale can be learned."""
        self.cut: set[str] = set()
        """Ids of posts that lost words to the limit, as far as they have been seen."""
        self._lengths = self._padded_lengths()

    def __len__(self) -> int:
        return len(self._examples)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return self._lengths

    @property
    def keyphrases(self) -> list[tuple[str, ...]]:
        return [example.post.keyphrases for example in self._examples]

    def batch(self, indices: Indices) -> MicroBatches:
        size = self._spec.micro_batch
        chosen = [int(i) for i in indices]
        return MicroBatches(tuple(self._micro_batch(chosen[at : at + size]) for at in range(0, len(chosen), size)))

    def names(self, indices: Indices) -> Sequence[str]:
        return [self._examples[int(i)].post.post_id for i in indices]

    def _micro_batch(self, chosen: Sequence[int]) -> MicroBatch:
        posts = [shown_post(self._examples[i], self._pictures, self._spec) for i in chosen]
        bare = tuple(self._bare[i] for i in chosen)
        reasoned = tuple(self._reasoned[i] for i in chosen)
        room = [max(len(short), len(long)) for short, long in zip(bare, reasoned, strict=True)]
        prompts = self._conversation.prompts(posts, room)
        self.cut.update(self._examples[chosen[row]].post.post_id for row in prompts.cut)
        rationale = tuple(max(0, len(long) - len(short)) for short, long in zip(bare, reasoned, strict=True))
        return MicroBatch(prompts, bare, reasoned, rationale)

    def _padded_lengths(self) -> npt.NDArray[np.int64]:
        """Of each post, its words and its longest answer, in grains."""
        words = self._conversation.prompt_lengths(
            [shown_words(example, self._spec, with_image=False) for example in self._examples]
        )
        answers = [max(len(short), len(long)) for short, long in zip(self._bare, self._reasoned, strict=True)]
        return np.array(
            [(length + answer) // GRAIN for length, answer in zip(words, answers, strict=True)], dtype=np.int64
        )


def _reasoned(examples: Sequence[Example], conversation: Conversation, longest: int) -> list[Sequence[int]]:
    """Of each post the tokens of rationale and answer; empty without a rationale, or with too long a one."""
    having = [i for i, example in enumerate(examples) if example.rationale]
    answers = [render_answer(examples[i].post.keyphrases, examples[i].rationale) for i in having]
    found: list[Sequence[int]] = [()] * len(examples)
    for i, ids in zip(having, conversation.answer_ids(answers), strict=True):
        if len(ids) <= longest:
            found[i] = ids
    return found
