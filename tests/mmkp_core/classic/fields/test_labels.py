import numpy as np

from mmkp_core.classic.fields.labels import LabelField
from mmkp_core.classic.spec import ClassicSpec
from tests.mmkp_core.classic.small import example, inputs


def test_a_post_without_keyphrases_has_no_label() -> None:
    batch = LabelField(inputs([example("a"), example("b", "x", "y")], ClassicSpec())).batch(np.array([0, 1]))

    assert batch.post_N.tolist() == [1, 1]
    assert batch.class_N.tolist() == [1, 2]
