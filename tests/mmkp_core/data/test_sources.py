import dataclasses
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from mmkp_core.data.formats import FORMATS, IngestSpec, SourceFiles
from mmkp_core.data.images import ImageFile
from mmkp_core.data.known import KnownIds
from mmkp_core.data.post_rows import posts_of, posts_table
from mmkp_core.data.quarantine import REASONS
from mmkp_core.data.sources import Counts, read_source, refuse_too_many_bad
from mmkp_core.errors import Mismatch, TooManyBadRows, WrongInput
from mmkp_core.identity import fingerprint


def post(post_id: str | None, text: str = "hello", **more: Any) -> str:
    return json.dumps({**({} if post_id is None else {"post_id": post_id}), "text": text, "keyphrases": ["a"], **more})


@pytest.mark.fault(4)
def test_an_id_said_twice_with_one_content_is_a_duplicate(ingest: Any) -> None:
    found = ingest([post("1"), post("2"), post("1"), '{"keyphrases": ["a"], "text": "hello", "post_id": "2"}'])
    assert (found.counts.accepted, found.counts.duplicates) == (2, 2)
    assert found.quarantine == []


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    "change", [{"text": "other"}, {"keyphrases": ["b"]}, {"image": "x.jpg"}, {"lang": "en"}, {"more": 1}]
)
def test_an_id_with_another_content_is_a_conflict(ingest: Any, change: dict[str, Any]) -> None:
    found = ingest([post("1"), post("2"), post("1", **change)])
    assert found.reasons == [(3, "id_conflict")]
    assert found.quarantine[0]["key"] == "1"
    assert [one.post_id for one in found.posts] == ["1", "2"]


def test_a_quarantined_row_does_not_take_its_id(ingest: Any) -> None:
    found = ingest([post("1", text=" "), post("1")])
    assert found.reasons == [(1, "empty_text")]
    assert found.texts == ["hello"]


def test_repeats_are_found_across_batches(tmp_path: Path, read_files: Any) -> None:
    path = tmp_path / "posts.jsonl"
    ids = [*range(70_000), 5, 69_999, 6]
    path.write_text("\n".join(f'{{"post_id":"{i}","text":"t{i if i != 6 else n}"}}' for n, i in enumerate(ids)))
    found = read_files(SourceFiles(posts=(path,)), IngestSpec())
    assert (found.counts.accepted, found.counts.duplicates) == (70_000, 2)
    assert found.reasons == [(70_003, "id_conflict")]


@pytest.mark.fault(4)
def test_a_second_ingest_of_the_same_file_adds_nothing(tmp_path: Path, read_files: Any) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join([post("1", created_at="2019-01-01", lang="en", more={"x": 1}), post("2", image="a.jpg")]))
    files = SourceFiles(posts=(path,))
    first = read_files(files, IngestSpec())
    known = KnownIds.from_posts(posts_table(first.posts).to_batches())
    assert len(known) == 2
    again = read_files(files, IngestSpec(), known=known)
    assert (again.counts.accepted, again.counts.duplicates) == (0, 2)
    path.write_text("\n".join([post("2", "changed"), post("3")]))
    third = read_files(files, IngestSpec(), known=known)
    assert (third.reasons, [one.post_id for one in third.posts]) == ([(1, "id_conflict")], ["3"])


def test_line_numbers_of_several_files_do_not_meet(tmp_path: Path, read_files: Any) -> None:
    for name in ("train_src.txt", "valid_src.txt"):
        (tmp_path / name).write_text("same text<sep>kca<sep>x.jpg\n")
    paths = (tmp_path / "train_src.txt", tmp_path / "valid_src.txt")
    found = read_files(SourceFiles(posts=paths), IngestSpec(format="cmkp"))
    assert [(one.post_id, one.split_hint) for one in found.posts] == [
        ("train_src.txt:1", "train"),
        ("valid_src.txt:1", "valid"),
    ]


def test_appending_posts_without_ids_takes_new_ids_or_fails(tmp_path: Path, read_files: Any) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(post(None))
    known = KnownIds.from_posts(posts_table(read_files(SourceFiles(posts=(path,)), IngestSpec()).posts).to_batches())
    second = read_files(SourceFiles(posts=(path,)), IngestSpec(), known=known)
    assert [one.post_id for one in second.posts] == ["posts.jsonl:1"]
    with pytest.raises(WrongInput, match="id_prefix"):
        read_files(SourceFiles(posts=(path,)), IngestSpec(), known=known)
    third = read_files(SourceFiles(posts=(path,), id_prefix="may/"), IngestSpec(), known=known)
    assert [one.post_id for one in third.posts] == ["may/1"]


@pytest.mark.fault(5)
@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("form", ["jsonl", "cmkp", "mm-mkp", "csv"])
def test_a_source_without_rows_is_an_error_unless_allowed(ingest: Any, content: bytes, form: str) -> None:
    with pytest.raises(WrongInput, match="no rows"):
        ingest(content, format=form)
    assert ingest(content, format=form, allow_empty=True).counts == Counts()


@pytest.mark.fault(2)
@pytest.mark.parametrize("form", ["jsonl", "cmkp", "aimkp", "csv"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_of_another_encoding_is_one_error(ingest: Any, form: str, encoding: str) -> None:
    with pytest.raises(WrongInput, match="not UTF-8 text; convert it"):
        ingest(post("1").encode(encoding), format=form)


@pytest.mark.parametrize(("start", "said"), [(b"\x1f\x8b\x08", "compressed"), (b"PAR1abc", "parquet")])
def test_a_file_of_another_kind_is_one_error(ingest: Any, start: bytes, said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        ingest(start + b"x" * 100)


@pytest.mark.fault(15)
def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "no such file"), (tmp_path, "a folder")):
        with pytest.raises(WrongInput, match=said):
            list(read_source(SourceFiles(posts=(path,)), IngestSpec()))
    with pytest.raises(Mismatch, match="side files belong to one file"):
        list(read_source(SourceFiles(posts=(tmp_path, tmp_path), ocr=tmp_path), IngestSpec()))


def test_too_many_bad_rows_fail_the_ingest(ingest: Any) -> None:
    found = ingest([post(str(i)) for i in range(98)] + ["{", "{"])
    refuse_too_many_bad(found.counts, IngestSpec(max_bad_share=0.02))
    with pytest.raises(TooManyBadRows, match=r"2 of 100 rows are quarantined, more than the share of 0\.01"):
        refuse_too_many_bad(found.counts, IngestSpec())


def test_hashtags_as_keyphrases(ingest: Any) -> None:
    lines = [
        post("1", "so #Happy today! #CWC19 https://t.co/x"),
        post("2", "#love"),
        post("3", "no tag"),
        post("4", "＃go on"),
    ]
    found = ingest(lines, keyphrases_from="hashtags", normalise="tweet")
    assert [(one.text, one.keyphrases) for one in found.posts] == [
        ("so happy today ! <url>", ("happy", "cwc 19")),
        ("no tag", ()),
        ("go on", ("go",)),
    ]
    assert found.reasons == [(2, "empty_text")]
    assert found.quarantine[0]["detail"] == "text: nothing but hashtags"


def test_a_post_of_a_million_hashtags_is_too_large(ingest: Any) -> None:
    lines = [post("1", "#ab " * 1_000_000), post("2", " ".join(f"#a{i}" for i in range(2000))), post("3", "a #cat")]
    found = ingest(lines, keyphrases_from="hashtags", max_row_kib=8192)
    assert found.reasons == [(1, "too_large"), (2, "too_large")]


@pytest.mark.fault(7)
def test_texts_and_phrases_are_kept_in_one_unicode_form(ingest: Any) -> None:
    found = ingest([post("1", "cafe\u0301 x", keyphrases=["cafe\u0301", "a\n b"]), post("2", "plain")])
    assert (found.posts[0].text, found.posts[0].keyphrases) == ("café x", ("café", "a b"))
    assert found.texts[1] == "plain"


@pytest.mark.fault(7)
@pytest.mark.parametrize("text", ["😂", "👩‍👩‍👧", "https://t.co/x", "שלום", "\u200fשלום", "!", "e\u0301"])
def test_short_texts_that_show_something_stay(ingest: Any, text: str) -> None:
    assert len(ingest(post("1", text)).posts) == 1


def test_the_table_names_images_as_the_record_does(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(post(str(i), image=ref) for i, ref in enumerate(["a.jpg", "é😂?x=1", None])))
    (batch,) = read_source(SourceFiles(posts=(path,)), IngestSpec())
    assert batch.posts.column("image_key").to_pylist() == [one.image_key for one in posts_of(batch.posts)]


def read_png(path: Path) -> ImageFile:
    content = path.read_bytes()
    if content == b"broken":
        return ImageFile(status="unreadable", detail="no image", bytes=6)
    return ImageFile(status="ok", image=content.hex(), width=2, height=3, format="PNG", bytes=len(content))


@pytest.mark.fault(8)
def test_images_are_found_by_base_name(tmp_path: Path, read_files: Any) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"AA")
    (folder / "b.jpg").write_bytes(b"broken")
    (tmp_path / "secret.jpg").write_bytes(b"SS")
    refs = [
        "https://x.example/m/a.jpg?s=1",
        "b.jpg",
        "none.jpg",
        None,
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "b.jpg",
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(post(str(i), image=ref) for i, ref in enumerate(refs)))
    found = read_files(SourceFiles(posts=(path,), images=folder), IngestSpec(), read_image=read_png)
    assert [one.image for one in found.posts] == ["4141", *[None] * 6]
    assert found.posts[0].image_key == "4141"
    assert [(row["image_ref"], row["status"]) for row in found.images] == [
        (refs[0], "ok"),
        ("b.jpg", "unreadable"),
        ("none.jpg", "missing"),
        ("../secret.jpg", "missing"),
        (refs[5], "missing"),
    ]
    assert [(row["line"], row["reason"], row["stage"]) for row in found.quarantine] == [
        (2, "image_unreadable", "ingest")
    ]
    counts = found.counts
    assert (counts.images, counts.images_missing, counts.images_bad, counts.quarantined) == (1, 3, 2, 0)


@pytest.mark.fault(6)
def test_memory_does_not_grow_with_the_source(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.jsonl"
        path.write_text("".join(f'{{"post_id":"{i}","text":"{"word " * 20}{i}"}}\n' for i in range(rows)))
        pool = pa.default_memory_pool()
        before, most = pool.bytes_allocated(), 0
        tracemalloc.start()
        for batch in read_source(SourceFiles(posts=(path,)), IngestSpec()):
            most = max(most, pool.bytes_allocated() - before + tracemalloc.get_traced_memory()[1])
            del batch
        tracemalloc.stop()
        os.remove(path)
        return most

    assert peak(300_000) < 1.5 * peak(75_000)


def test_the_spec_is_a_form_with_every_field_described() -> None:
    schema = TypeAdapter(IngestSpec).json_schema()
    for part in (schema, *schema["$defs"].values()):
        assert all(field.get("description") for field in part["properties"].values())
    assert schema["properties"]["format"]["enum"] == list(FORMATS)
    assert fingerprint(IngestSpec()) != fingerprint(dataclasses.replace(IngestSpec(), normalise="tweet"))


def test_every_reason_is_named_once() -> None:
    assert len(set(REASONS)) == len(REASONS)


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    ("bad", "share", "fails"), [(20, 0.5, True), (11, 0.5, True), (10, 0.5, False), (20, 1.0, False)]
)
def test_many_image_files_that_cannot_be_used_fail_the_ingest(bad: int, share: float, fails: bool) -> None:
    counts = Counts(read=20, accepted=20, images=20 - bad, images_bad=bad)
    spec = IngestSpec(max_bad_images=share)
    if fails:
        with pytest.raises(TooManyBadRows, match=f"{bad} of 20 image files"):
            refuse_too_many_bad(counts, spec)
    else:
        refuse_too_many_bad(counts, spec)


def test_a_keyphrase_that_stands_as_a_hashtag_in_its_text_is_cut_and_counted(ingest: Any) -> None:
    lines = [post("1", "we won #a"), post("2", "we won a"), post("3", "#b won")]
    found = ingest(lines)
    assert (found.texts, found.counts.labels_cut) == (["we won", "we won a", "#b won"], 1)
    assert ingest(lines, labels_in_text="keep").texts == ["we won #a", "we won a", "#b won"]


def test_hashtags_are_cut_by_the_words_of_their_file(ingest: Any) -> None:
    lines = [post(None, "the team of india #TeamIndia"), post(None, "go india #teamindia"), post(None, "#goindia now")]
    found = ingest(lines, keyphrases_from="hashtags")
    assert [one.keyphrases for one in found.posts] == [("team india",), ("team india",), ("go india",)]
    assert found.posts[2].text == "go india now"
