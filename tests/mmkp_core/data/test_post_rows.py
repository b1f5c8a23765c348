import hashlib
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import post_from_row, posts_of, posts_table, row_of_post
from mmkp_core.tables.posts import POSTS

TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
POST = st.builds(
    Post,
    post_id=TEXTS,
    text=TEXTS,
    keyphrases=st.lists(TEXTS, max_size=3).map(tuple),
    image=st.none() | TEXTS,
    image_ref=st.none() | TEXTS,
    source=TEXTS,
    line=st.integers(0, 2**40),
    split_hint=st.none() | TEXTS,
    created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    lang=st.none() | TEXTS,
    extra=st.dictionaries(TEXTS, st.none() | st.integers(-(2**53), 2**53) | TEXTS, max_size=3),
)


@given(POST)
def test_a_post_comes_back_from_its_row(post: Post) -> None:
    assert post_from_row(row_of_post(post)) == post


@given(st.lists(POST, max_size=4))
def test_posts_come_back_from_their_table(posts: list[Post]) -> None:
    table = posts_table(posts)
    assert table.schema == POSTS.schema
    assert list(posts_of(table)) == posts


def test_a_row_need_not_have_all_columns() -> None:
    assert post_from_row({"post_id": "1", "text": "a"}) == Post(post_id="1", text="a")


def test_the_key_of_an_image_is_its_hash_or_that_of_its_name() -> None:
    with_bytes = Post(post_id="1", text="a", image="abc", image_ref="x.jpg")
    table = posts_table([with_bytes, Post(post_id="2", text="b", image_ref="x.jpg"), Post(post_id="3", text="c")])
    assert table.column("image_key").to_pylist() == ["abc", f"ref-{hashlib.sha256(b'x.jpg').hexdigest()}", None]
