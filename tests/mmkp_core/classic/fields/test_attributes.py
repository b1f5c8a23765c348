from dataclasses import replace

import numpy as np

from mmkp_core.classic.fields.attributes import AttributeField
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.spec import ClassicSpec
from tests.mmkp_core.classic.small import example, inputs


def test_attributes_that_are_not_read_are_one_masked_place() -> None:
    posts = [replace(example("a", "a"), attributes=("red", "dark blue")), example("b", "a")]

    read = AttributeField(inputs(posts, ClassicSpec(reads=ReadSpec(attributes=True)))).batch(np.array([0, 1]))
    withheld = AttributeField(inputs(posts, ClassicSpec())).batch(np.array([0, 1]))

    assert read.mask_BA.tolist() == [[True, True, True], [False, False, False]]
    assert len(set(read.words_BA[0].tolist())) == 3
    assert withheld.mask_BA.tolist() == [[False], [False]]
