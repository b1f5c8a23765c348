import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmkp_core.data.formats import Columns, IngestSpec, SourceFiles
from mmkp_core.errors import UnknownName, WrongInput

CSV = '''post_id,text,keyphrases,image,likes
1,"hello, world",cats;tag,a.jpg,3
2,"two
lines, ""quoted""",,,
3,plain,got,b.jpg,
'''


def test_csv_rows_become_posts(ingest: Any) -> None:
    found = ingest(CSV, format="csv", name="posts.csv")
    assert [(post.post_id, post.line, post.text, post.keyphrases, post.image_ref) for post in found.posts] == [
        ("1", 2, "hello, world", ("cats", "tag"), "a.jpg"),
        ("2", 3, 'two\nlines, "quoted"', (), None),
        ("3", 5, "plain", ("got",), "b.jpg"),
    ]
    assert found.posts[0].extra == {"likes": "3"}


def test_tabs_in_a_tsv(ingest: Any) -> None:
    assert ingest("text\tlang\na, b\ten\n", format="csv", name="posts.tsv").texts == ["a, b"]


@pytest.mark.fault(1, 2, 3)
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"9,too,few", "bad_fields"),
        (b"9,one,,,,too many", "bad_fields"),
        (b'9,"quote "inside" it",,,', "bad_fields"),
        (b"9,\xff,,,", "bad_encoding"),
        (b"9,a\x00b,,,", "bad_encoding"),
        (b",no id,,,", "schema"),
        (b"9,,,,", "empty_text"),
        (b"9," + b"x" * 200_000 + b",,,", "too_large"),
        (b"9," + b"x" * 2_000_000 + b",,,", "too_large"),
        (b'9,"never closed,,,', "bad_fields"),
    ],
)
def test_a_bad_row_of_csv_is_quarantined_alone(ingest: Any, bad: bytes, reason: str) -> None:
    good = [f"{i},text {i},cats,,".encode() for i in range(5)]
    found = ingest([b"post_id,text,keyphrases,image,likes", *good[:2], bad, *good[2:]], format="csv")
    assert found.reasons == [(4, reason)]
    assert [post.post_id for post in found.posts] == ["0", "1", "2", "3", "4"]


@pytest.mark.fault(1)
def test_an_open_quote_takes_no_more_than_its_line(ingest: Any) -> None:
    lines = ["text", *(f"text {i}" for i in range(1000)), '"open', *(f"more {i}" for i in range(1000))]
    found = ingest(lines, format="csv")
    assert found.reasons == [(1002, "bad_fields")]
    assert len(found.posts) == 2000


def test_csv_without_the_column_of_texts(ingest: Any) -> None:
    with pytest.raises(UnknownName, match="'text'"):
        ingest("id,body\n1,hello\n", format="csv")
    with pytest.raises(WrongInput, match="two columns are called 'text'"):
        ingest("text,text\n1,hello\n", format="csv")


@pytest.mark.fault(5)
@pytest.mark.parametrize("content", ["post_id,text\n", "\n\n", ""])
def test_csv_without_rows(ingest: Any, content: str) -> None:
    with pytest.raises(WrongInput, match="no rows"):
        ingest(content, format="csv")


def test_csv_of_any_writer_comes_back(ingest: Any) -> None:
    texts = ['a "b"', "c\r\nd", "e,f", "  g  ", "😂"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([["text"], *([text] for text in texts)])
    assert ingest(out.getvalue().encode(), format="csv").texts == [text.replace("\r\n", "\n") for text in texts]


def parquet(tmp_path: Path, read_files: Any, table: dict[str, Any], **spec: Any) -> Any:
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table(table), path)
    return read_files(SourceFiles(posts=(path,)), IngestSpec(format="parquet", **spec))


def test_parquet_rows_become_posts(tmp_path: Path, read_files: Any) -> None:
    found = parquet(
        tmp_path,
        read_files,
        {
            "id": pa.array([5, 6, None], pa.int64()),
            "text": ["a", "b", "c"],
            "keyphrases": [["x", "y"], None, []],
            "created_at": pa.array([datetime(2019, 1, 2, tzinfo=UTC), None, None], pa.timestamp("ns", "UTC")),
            "likes": [1, None, 2],
            "bytes": [b"1", b"2", b"3"],
        },
        columns=Columns(post_id="id"),
    )
    assert [(post.post_id, post.keyphrases, post.line) for post in found.posts] == [("5", ("x", "y"), 1), ("6", (), 2)]
    assert found.posts[0].created_at == datetime(2019, 1, 2, tzinfo=UTC)
    assert found.posts[0].extra == {"likes": 1}
    assert found.reasons == [(3, "schema")]


@pytest.mark.fault(2)
def test_a_string_of_parquet_that_is_no_utf8_costs_its_row(tmp_path: Path, read_files: Any) -> None:
    """The format does not check what a writer calls a string."""
    given = pa.array([b"first", b"caf\xe9", b"third", b"fourth"], pa.binary())
    texts = pa.Array.from_buffers(pa.string(), 4, given.buffers())
    found = parquet(tmp_path, read_files, {"text": texts, "keyphrases": [["a"], ["b"], ["c"], ["d"]]})
    assert [(post.line, post.text) for post in found.posts] == [(1, "first"), (3, "third"), (4, "fourth")]
    assert found.reasons == [(2, "bad_encoding")]


def test_a_torn_parquet_file_is_one_error(tmp_path: Path, read_files: Any) -> None:
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"text": ["a"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(WrongInput, match="no whole Parquet file"):
        read_files(SourceFiles(posts=(path,)), IngestSpec(format="parquet"))
    with pytest.raises(WrongInput, match="no such file"):
        read_files(SourceFiles(posts=(tmp_path / "none.parquet",)), IngestSpec(format="parquet"))


def test_a_cell_may_hold_phrases_as_a_json_list(ingest: Any) -> None:
    rows = """text,keyphrases
one,"[""a;b"", ""c""]"
two,[]
three,[not json;b
four,"[1, 2]"
"""
    found = ingest(rows, format="csv", name="posts.csv", max_bad_share=1.0)
    assert [post.keyphrases for post in found.posts] == [("a;b", "c"), (), ("[not json", "b")]
    assert found.reasons == [(5, "schema")]
