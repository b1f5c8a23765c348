from dataclasses import replace

import numpy as np
import pytest

from mmkp_core.classic.fields.matches import MatchField
from mmkp_core.classic.spec import ClassicSpec
from tests.mmkp_core.classic.small import example, inputs


def test_a_post_whose_match_nobody_states_is_in_the_middle() -> None:
    posts = [replace(example("a", "b"), match=0.25), example("a"), replace(example("a"), match=0.0)]
    batch = MatchField(inputs(posts, ClassicSpec())).batch(np.array([2, 1, 0]))

    assert batch.score_B.tolist() == pytest.approx([0.0, 0.5, 0.25])
    assert batch.known_B.tolist() == [True, False, True]
