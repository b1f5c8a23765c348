import numpy as np
import pytest
import torch

from mmkp_core.classic.fields.cells import CellField
from mmkp_core.classic.fields.phrases import PhraseField
from mmkp_core.classic.fields.words import WordField
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.vocabulary import UNK
from tests.mmkp_core.classic.small import example, inputs, model_and_samples, samples, small


def test_posts_come_longest_first_and_every_field_in_their_order() -> None:
    given = inputs([example("one", "x"), example("one two three", "y"), example("one two", "z")], ClassicSpec())
    batch = samples(given, WordField, PhraseField).batch(np.arange(3))

    assert batch.rows.tolist() == [1, 2, 0]
    assert batch[WordField].lengths == [3, 2, 1]
    assert batch[PhraseField].post_N.tolist() == [0, 1, 2]
    assert batch[PhraseField].target_M[:3].tolist() == [given.known.words.number(word) for word in "yzx"]


def test_a_batch_holds_what_the_blocks_need_and_nothing_else() -> None:
    needed = {
        system: {field.__name__ for field in model_and_samples(small(system))[0].fields()}
        for system in ("image-grid", "copy", "m3h-att-as-released", "m3h-att")
    }
    assert needed["image-grid"] == {"CellField", "LabelField"}
    assert needed["copy"] == {"WordField", "PhraseField"}
    assert needed["m3h-att-as-released"] == {"WordField", "PhraseField", "CellField", "LabelField"}
    assert needed["m3h-att"] == needed["m3h-att-as-released"] | {"AttributeField"}

    batch = samples(inputs([example("a", "a")], ClassicSpec()), WordField).batch(np.array([0]))
    with pytest.raises(KeyError, match="CellField"):
        batch[CellField]


def test_posts_without_text_keep_their_order() -> None:
    batch = samples(inputs([example("a"), example("b c")], ClassicSpec()), CellField).batch(np.array([0, 1]))

    assert batch.rows.tolist() == [0, 1]
    assert isinstance(batch.to(torch.device("cpu"))[CellField].cells_BPD, torch.Tensor)


def test_an_unknown_word_is_spelled_as_the_source_word_that_was_looked_at() -> None:
    spec = small("copy", writer__copying__oov=1)
    known = inputs([example("go", "go")], spec).known
    given = inputs([example("go zorb flim")], spec)
    found = samples(type(given)(given.examples, known, spec, None, 1), WordField)
    go, zorb = 6, 7

    assert found.spelled(0, [go, zorb, UNK], [0, 1, 2]) == "go zorb flim"
