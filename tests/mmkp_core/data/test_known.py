import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.known import CONFLICT, DUPLICATE, NEW, KnownIds

PAIRS = st.lists(st.tuples(st.integers(-3, 12), st.integers(0, 2)), max_size=12)


@given(st.lists(PAIRS, max_size=6))
def test_the_first_content_of_an_id_counts(batches: list[list[tuple[int, int]]]) -> None:
    known, first = KnownIds(), dict[int, int]()
    for batch in batches:
        expected = []
        for post_id, content in batch:
            if post_id not in first:
                expected.append(NEW)
            else:
                expected.append(DUPLICATE if first[post_id] == content else CONFLICT)
            first.setdefault(post_id, content)
        ids, contents = (np.array([pair[i] for pair in batch], dtype=np.int64) for i in (0, 1))
        assert known.judge(ids, contents).tolist() == expected
    assert len(known) == len(first)
