import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data import jsonl
from mmkp_core.data.formats import Columns, IngestSpec, SourceFiles
from mmkp_core.data.json_rows import json_object
from mmkp_core.data.quarantine import RowFault
from mmkp_core.data.rows import Carried, row_of_mapping
from mmkp_core.errors import UnknownName, WrongInput

GOOD = [
    {"post_id": f"p{i}", "text": f"post {i}", "keyphrases": ["cats", f"tag {i % 3}"], "image": f"{i}.jpg", "lang": "en"}
    for i in range(40)
]


def lines_with(place: int, bad: bytes) -> list[bytes]:
    lines = [orjson.dumps(row) for row in GOOD]
    lines[place] = bad
    return lines


def row(**changes: Any) -> bytes:
    return json.dumps({**GOOD[0], "post_id": "odd", **changes}).encode()


def test_a_row_becomes_a_post(ingest: Any) -> None:
    line = {
        "post_id": "7",
        "text": "so excited 🎉",
        "keyphrases": ["kca", "i heart awards"],
        "image": "https://x.example/a.jpg",
        "created_at": "2019-02-25T12:00:00+01:00",
        "lang": "en",
        "split": "valid",
        "likes": 3,
        "user": {"name": "é"},
    }
    (post,) = ingest(json.dumps(line)).posts
    assert (post.post_id, post.text, post.keyphrases) == ("7", "so excited 🎉", ("kca", "i heart awards"))
    assert (post.image_ref, post.lang, post.split_hint, post.source, post.line) == (
        "https://x.example/a.jpg",
        "en",
        "valid",
        "posts.jsonl",
        1,
    )
    assert post.created_at is not None
    assert post.created_at.isoformat() == "2019-02-25T11:00:00+00:00"
    assert post.extra == {"likes": 3, "user": {"name": "é"}}


@pytest.mark.fault(1, 2, 3, 6)
@pytest.mark.parametrize(
    ("bad", "reason", "said"),
    [
        (b'{"post_id":"x","text":"cut in ha', "bad_json", ""),
        (b'{"post_id":"x","text":"a"} {"post_id":"y","text":"b"}', "bad_json", ""),
        (b"{'post_id': 'x'}", "bad_json", ""),
        (b'{"post_id":"x","text":"a","keyphrases":[],}', "bad_json", ""),
        (row(text="OK").replace(b"OK", b"\xff"), "bad_encoding", "not UTF-8 at byte"),
        (row(text="OK").replace(b"OK", b"\x00"), "bad_encoding", "a NUL"),
        (row(text="OK").replace(b"OK", b"a\\u0000b"), "bad_encoding", "a NUL"),
        (row(text="OK").replace(b"OK", b"\\ud800"), "bad_encoding", "surrogate"),
        (b'["a","list"]', "schema", "an object expected, a list found"),
        (b"17", "schema", "an object expected, a number found"),
        (row(text=5), "schema", "text: text expected, a number found"),
        (row(text=None), "schema", "text: text expected, null found"),
        (b'{"post_id":"x","keyphrases":[]}', "schema", "text: missing"),
        (b'{"text":"x","keyphrases":[]}', "schema", "post_id: missing"),
        (b'{"post_id":"x","text":"no list of phrases"}', "schema", "keyphrases: missing"),
        (row(post_id=1.5), "schema", "post_id: text or a whole number expected"),
        (row(post_id=True), "schema", "post_id: text or a whole number expected"),
        (row(post_id=None), "schema", "post_id: text or a whole number expected, null found"),
        (row(post_id=" "), "schema", "post_id: empty"),
        (row(post_id=10**30), "schema", "post_id: "),
        (row(keyphrases=["a", None]), "schema", "keyphrases: a list of texts expected, null found in it"),
        (row(keyphrases=[1]), "schema", "keyphrases: a list of texts expected, a number found in it"),
        (row(keyphrases={"a": 1}), "schema", "keyphrases: a list of texts expected, an object found"),
        (row(image=["a.jpg"]), "schema", "image: text or null expected, a list found"),
        (row(lang=1), "schema", "lang: text or null expected"),
        (row(created_at="yesterday"), "schema", "created_at: 'yesterday' is no time"),
        (row(created_at=[2019]), "schema", "created_at: a time expected, a list found"),
        (row(likes=10**30), "schema", "likes: "),
        (row(likes=float("nan")), "schema", "likes: NaN is no number of JSON"),
        (b'{"post_id":"x","text":"a","text":"b","keyphrases":[]}', "schema", "text: given twice"),
        (b'{"post_id":"x","text":"a","keyphrases":[],"u":{"k":1,"k":2}}', "schema", "k: given twice"),
        (b'{"post_id":"x","text":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_large", "nested deeper"),
        (row(keyphrases=["a"] * 1001), "too_large", "keyphrases: 1,001 phrases, 1,000 allowed"),
        (row(text="x" * (1 << 20)), "too_large", "1,048,576 allowed"),
        (row(text=" \u200d\u200f "), "empty_text", "nothing visible"),
        (row(text=""), "empty_text", "nothing visible"),
    ],
)
def test_a_bad_row_is_quarantined_alone(ingest: Any, bad: bytes, reason: str, said: str) -> None:
    lines = lines_with(20, bad)
    lines[0] = lines[39] = bad
    found = ingest(lines)
    assert found.reasons == [(1, reason), (21, reason), (40, reason)]
    assert all(said in row["detail"] for row in found.quarantine)
    assert [post.post_id for post in found.posts] == [f"p{i}" for i in range(40) if i not in (0, 20, 39)]


@pytest.mark.parametrize(
    "good",
    [
        row(post_id=12345678901),
        row(keyphrases=None),
        row(keyphrases="cats;tag 0"),
        row(image=None),
        row(image=""),
        row(text="😂"),
        row(text='he said "x": y'),
        row(text="a\u2028b\u0085c"),
        row(created_at="Wed Oct 10 20:19:24 +0000 2018"),
        row(created_at=1539202764),
        row(likes=[1, {"deep": [2.5, None]}]),
        b'{ "post_id" : "x" , "text" : "blanks before colons" , "keyphrases" : [ ] }',
    ],
)
def test_what_is_unusual_but_right_is_kept(ingest: Any, good: bytes) -> None:
    found = ingest(lines_with(20, good))
    assert found.quarantine == []
    assert len(found.posts) == 40


def test_the_same_post_comes_of_both_ways(ingest: Any) -> None:
    plain = {"text": "same", "keyphrases": ["a  b", "é", " "], "image": "", "created_at": "2018-10-10T20:19:24Z"}
    fast = ingest([json.dumps({**plain, "post_id": "1"}), json.dumps({**plain, "post_id": "2"})])
    slow = ingest([json.dumps({**plain, "post_id": "1", "more": 1}), json.dumps({**plain, "post_id": "2", "more": 1})])
    for one, other in zip(fast.posts, slow.posts, strict=True):
        assert (one.text, one.keyphrases, one.image_ref, one.created_at) == (
            other.text,
            other.keyphrases,
            other.image_ref,
            other.created_at,
        )
    assert fast.posts[0].keyphrases == ("a b", "é")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
LINES = st.one_of(
    st.binary(max_size=40).filter(lambda line: b"\n" not in line),
    st.fixed_dictionaries(
        {"post_id": st.integers(0, 9).map(str), "text": st.text(max_size=8)},
        optional={
            "keyphrases": st.lists(st.text(max_size=4), max_size=3) | JSON_VALUES,
            "image": st.text(max_size=3) | JSON_VALUES,
            "more": JSON_VALUES,
        },
    ).map(lambda value: json.dumps(value).encode()),
)


@given(st.lists(LINES, max_size=30))
def test_the_fast_way_and_the_rules_agree_on_any_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    spec = IngestSpec()
    head = json.dumps({"post_id": "head", "text": "head", "keyphrases": []}).encode()
    lines = [head, head, head, *lines]
    path = tmp_path_factory.mktemp("lines") / "posts.jsonl"
    path.write_bytes(b"\n".join(lines))
    if path.read_bytes().count(b"\x00") > path.stat().st_size // 4:
        return
    expected, bad = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                one = row_of_mapping(json_object(line), spec, Carried(post_id=True, keyphrases=True))
                expected.append((number, one.post_id, one.text, list(one.keyphrases), one.image_ref, one.extra))
            except RowFault as fault:
                bad.append((number, fault.reason))
    found, found_bad = [], []
    for rows in jsonl.read_jsonl(path, SourceFiles(posts=(path,)), spec):
        found_bad += [(row.line, row.reason) for row in rows.bad]
        for values in rows.columns.to_pylist():
            phrases = values["keyphrases"] or []
            found.append(
                (values["line"], values["post_id"], values["text"], phrases, values["image_ref"], values["extra"])
            )
    assert found == expected
    assert sorted(found_bad) == bad


@pytest.mark.fault(1)
def test_bad_rows_keep_their_bytes(ingest: Any) -> None:
    bad = b'{"post_id": "x", \xff' + b"y" * 10_000
    (kept,) = ingest(lines_with(3, bad)).quarantine
    assert kept["raw"].startswith('{"post_id": "x", \\xffyyy')
    assert len(kept["raw"]) < 4200
    assert len(kept["raw_sha256"]) == 64


@pytest.mark.fault(2)
def test_line_ends_and_marks_at_the_start_do_not_matter(ingest: Any) -> None:
    lines = [orjson.dumps(row) for row in GOOD]
    plain = ingest(b"\n".join(lines))
    for whole in (
        b"\r\n".join(lines),
        b"\n".join(lines) + b"\n",
        b"\xef\xbb\xbf" + b"\n".join(lines),
        b"\r\n".join([*lines, b""]),
    ):
        other = ingest(whole)
        assert other.posts == plain.posts
        assert other.quarantine == []


@pytest.mark.fault(5)
def test_blank_lines_are_no_rows_but_count_as_lines(ingest: Any) -> None:
    found = ingest(["", '{"text":"a"}', "  ", '{"text":"b"}', ""])
    assert [(post.post_id, post.line) for post in found.posts] == [("2", 2), ("4", 4)]
    assert found.counts.read == 2


def test_ids_may_be_whole_numbers(ingest: Any) -> None:
    found = ingest([f'{{"post_id":{10**17 + i},"text":"t"}}' for i in range(5)] + ['{"post_id":"a","text":"t"}'])
    assert [post.post_id for post in found.posts] == [*(str(10**17 + i) for i in range(5)), "a"]


def test_columns_can_have_other_names(ingest: Any) -> None:
    names = Columns(post_id="id", text="body", keyphrases="tags", image="photo")
    line = '{"id":"1","body":"hello","tags":"a, b","photo":"x.png","text":"not this"}'
    (post,) = ingest(line, columns=names, phrase_separator=",").posts
    assert (post.post_id, post.text, post.keyphrases, post.image_ref) == ("1", "hello", ("a", "b"), "x.png")
    assert post.extra == {"text": "not this"}


def test_a_named_column_that_is_nowhere_is_an_error(ingest: Any) -> None:
    with pytest.raises(UnknownName, match="no column is called 'boddy'; did you mean 'body'"):
        ingest('{"post_id":"1","body":"x"}', columns=Columns(text="boddy"))
    with pytest.raises(WrongInput, match="mapped to two fields"):
        ingest('{"post_id":"1","body":"x"}', columns=Columns(text="body", image="body"))


@pytest.mark.fault(6)
def test_a_huge_line_is_too_large_and_its_neighbours_are_whole(tmp_path: Path, ingest: Any) -> None:
    huge = b'{"post_id":"big","text":"' + b"x" * 5_000_000 + b'"}'
    found = ingest(lines_with(7, huge), max_row_kib=64)
    assert found.reasons == [(8, "too_large")]
    assert found.quarantine[0]["detail"] == "5,000,027 bytes, 65,536 allowed"
    assert [post.line for post in found.posts] == [line for line in range(1, 41) if line != 8]


def test_posts_without_keyphrases_are_fine(ingest: Any) -> None:
    found = ingest(['{"text":"a"}', '{"text":"b"}'])
    assert [post.keyphrases for post in found.posts] == [(), ()]


def test_more_bad_rows_than_good_ones(ingest: Any) -> None:
    lines = [b"{oops" if i % 3 else orjson.dumps({**GOOD[0], "post_id": str(i)}) for i in range(300)]
    found = ingest(lines)
    assert [post.line for post in found.posts] == list(range(1, 301, 3))
    assert [line for line, _ in found.reasons] == [i + 1 for i in range(300) if i % 3]
