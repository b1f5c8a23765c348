"""The four published formats, on made-up posts of the same layout."""

import json
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.post import image_key_of_ref
from mmkp_core.data.sides import given_engine
from mmkp_core.data.sources import read_source
from mmkp_core.data.trc import TrcLabels, read_trc_labels
from mmkp_core.errors import Mismatch, WrongInput

URL = "https://pics.example/media/{}.jpg"
CMKP = [
    f"so <number> excited !<sep>kca;i heart awards<sep>{URL.format('A')}",
    f"go team<sep>cwc 19<sep>{URL.format('B')}",
]


def test_cmkp_has_three_fields(ingest: Any) -> None:
    first, second = ingest(CMKP, format="cmkp", name="valid_src.txt").posts
    assert (first.post_id, first.text, first.keyphrases) == ("1", "so <number> excited !", ("kca", "i heart awards"))
    assert (second.image_ref, second.split_hint, second.line) == (URL.format("B"), "valid", 2)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("two<sep>fields", "bad_fields"),
        ("a<sep>b<sep>c<sep>d", "bad_fields"),
        (b"\xff<sep>a<sep>b", "bad_encoding"),
        (" <sep>kca<sep>x", "empty_text"),
        ("a<sep>" + ";".join(["k"] * 1001) + "<sep>x", "too_large"),
    ],
)
def test_a_bad_row_of_cmkp_is_quarantined_alone(ingest: Any, bad: str, reason: str) -> None:
    found = ingest([CMKP[0], bad, CMKP[1]], format="cmkp")
    assert found.reasons == [(2, reason)]
    assert [post.post_id for post in found.posts] == ["1", "3"]


def test_identical_posts_without_ids_are_two_posts(ingest: Any) -> None:
    found = ingest([CMKP[0], CMKP[0]], format="cmkp")
    assert (found.counts.accepted, found.counts.duplicates) == (2, 0)


def cmkp_files(folder: Path, ocr: str, attributes: str) -> SourceFiles:
    for name, content in (("src", "\n".join(CMKP)), ("ocr", ocr), ("attributes", attributes)):
        (folder / f"{name}.txt").write_text(content)
    return SourceFiles(
        posts=(folder / "src.txt",), ocr=folder / "ocr.txt", attributes=folder / "attributes.txt", images=folder
    )


def test_side_files_go_with_the_posts_line_by_line(tmp_path: Path, read_files: Any) -> None:
    files = cmkp_files(tmp_path, "\nWORLD  CUP\n", "man shirt\nfield ball game\n")
    sides = read_files(files, IngestSpec(format="cmkp")).sides
    keys = [image_key_of_ref(URL.format(name)) for name in "AB"]
    assert files.ocr is not None
    assert sides["ocr"] == [
        {"image_key": keys[0], "engine": given_engine(files.ocr), "words": "", "raw": ""},
        {"image_key": keys[1], "engine": given_engine(files.ocr), "words": "WORLD CUP", "raw": "WORLD  CUP"},
    ]
    assert [row["attributes"] for row in sides["attributes"]] == [["man", "shirt"], ["field", "ball", "game"]]
    assert sides["attributes"][0]["engine"].startswith("given:")


def test_a_side_file_of_another_length_is_a_mismatch(tmp_path: Path, read_files: Any) -> None:
    files = cmkp_files(tmp_path, "one line only", "a\nb\n")
    with pytest.raises(Mismatch, match=r"src.txt has 2 lines, ocr.txt has 1 lines"):
        read_files(files, IngestSpec(format="cmkp"))


MM_MKP = (
    f"so excited ! <seg> BIG  sale <seg> group photo ; tv screen <sep>kca <sep>{URL.format('A')}"
    "<sep>tensor([[0.1056, 0.8944]])<sep>1<sep>group photo ; tv screen"
)


def test_mm_mkp_gives_the_text_alone_and_the_rest_aside(ingest: Any) -> None:
    found = ingest([MM_MKP], format="mm-mkp", name="test_ocr_kw.txt")
    (post,) = found.posts
    assert (post.text, post.keyphrases, post.split_hint) == ("so excited !", ("kca",), "test")
    assert [row["words"] for row in found.sides["ocr"]] == ["BIG sale"]
    assert [(row["name"], row["rank"]) for row in found.sides["entities"]] == [("group photo", 0), ("tv screen", 1)]
    (match,) = found.sides["matches"]
    assert (match["post_id"], match["score"], match["matched"]) == ("1", 0.8944, True)
    assert match["image_key"] == post.image_key


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<seg>", "", "bad_fields"),
        ("<sep>1<sep>", "<sep>", "bad_fields"),
        ("0.8944", "maybe", "schema"),
        ("0.8944", "7.0", "schema"),
        ("<sep>1<sep>", "<sep>yes<sep>", "schema"),
    ],
)
def test_a_bad_row_of_mm_mkp_is_quarantined_alone(ingest: Any, old: str, new: str, reason: str) -> None:
    found = ingest([MM_MKP, MM_MKP.replace(old, new), MM_MKP], format="mm-mkp")
    assert found.reasons == [(2, reason)]
    assert len(found.posts) == 2


def item(number: int, **changes: Any) -> dict[str, Any]:
    text = f'post {{{number}}} says "hi" ]'
    return {
        "id": f"{number:07}",
        "image": f"{number}.jpg",
        "text": text,
        "conversations": [
            {"from": "human", "value": f"<image>{text}\nWhat phrases should be used to tag the media?"},
            {"from": "gpt", "value": "charge on, american hoops"},
        ],
        **changes,
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_aimkp_is_one_array_of_conversations(ingest: Any, indent: int | None) -> None:
    found = ingest(json.dumps([item(i) for i in range(2000)], indent=indent), format="aimkp", name="valid.json")
    assert [post.post_id for post in found.posts] == [f"{i:07}" for i in range(2000)]
    post = found.posts[1999]
    assert (post.text, post.keyphrases) == ('post {1999} says "hi" ]', ("charge on", "american hoops"))
    assert (post.image_ref, post.split_hint) == ("1999.jpg", "valid")
    assert post.line == (1 if indent is None else 2 + 15 * 1999)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": None}, "schema"),
        ({"conversations": []}, "schema"),
        ({"conversations": [3]}, "schema"),
        ({"conversations": [{"from": "gpt"}]}, "schema"),
        ({"image": 5}, "schema"),
        ({"id": 5}, "schema"),
        ({"text": "\ud800"}, "bad_encoding"),
        ({"text": "x" * 2_000_000}, "too_large"),
        ({"text": " "}, "empty_text"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_bad_item_of_aimkp_is_quarantined_alone(
    ingest: Any, changes: dict[str, Any], reason: str, indent: int | None
) -> None:
    found = ingest(json.dumps([item(0), item(1, **changes), item(2)], indent=indent), format="aimkp")
    assert [reason for _, reason in found.reasons] == [reason]
    assert [post.post_id for post in found.posts] == ["0000000", "0000002"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("old", "new"), [('"image": "1.jpg"', '"image": "1.jpg'), ('"id": "0000001",', '"id": "0000001"'), ("}]}", "}]")]
)
def test_a_damaged_item_of_aimkp_costs_itself_alone(ingest: Any, indent: int | None, old: str, new: str) -> None:
    whole = json.dumps([item(0), item(1), item(2), item(3)], indent=indent)
    if old == "}]}":
        old, new = ("}]}, " + '{"id": "0000002"', "}], " + '{"id": "0000002"')
        if indent:
            old, new = ('    ]\n  },\n  {\n    "id": "0000002"', '    ]\n  ,\n  {\n    "id": "0000002"')
    assert old in whole
    found = ingest(whole.replace(old, new, 1), format="aimkp")
    assert {post.post_id for post in found.posts} >= {"0000000", "0000003"}
    assert found.counts.quarantined >= 1


@pytest.mark.fault(1)
@pytest.mark.parametrize("cut", [-1, -2, -40, -200])
def test_an_aimkp_array_without_its_end_is_an_error(ingest: Any, cut: int) -> None:
    with pytest.raises(WrongInput, match="has no end"):
        ingest(json.dumps([item(0), item(1)])[:cut], format="aimkp")


def test_an_aimkp_array_with_more_behind_its_end_is_an_error(ingest: Any) -> None:
    whole = json.dumps([item(0)])
    assert ingest(f"{whole}\n\n", format="aimkp").counts.accepted == 1
    with pytest.raises(WrongInput, match="more stands behind the end"):
        ingest(f"{whole}\n{whole}", format="aimkp")


@pytest.mark.parametrize("layout", ["jsonl", "csv", "aimkp", "mm-mkp", "trc", "parquet"])
def test_files_beside_posts_of_a_format_that_takes_none_are_refused(tmp_path: Path, layout: Any) -> None:
    (tmp_path / "words.txt").write_text("words\n")
    files = SourceFiles(posts=(tmp_path / "posts",), ocr=tmp_path / "words.txt")
    with pytest.raises(Mismatch, match="goes with the format cmkp only"):
        list(read_source(files, IngestSpec(format=layout)))


def test_attributes_may_stand_beside_posts_of_mm_mkp(tmp_path: Path) -> None:
    line = "bus {0} <seg> <seg> dog<sep>bus<sep>https://x.org/{0}.jpg<sep>tensor([[0.2, 0.8]])<sep>1<sep>dog"
    (tmp_path / "a_ocr_kw.txt").write_text("\n".join(line.format(n) for n in range(2)) + "\n")
    (tmp_path / "names.txt").write_text("man shirt\n\n")
    files = SourceFiles(posts=(tmp_path / "a_ocr_kw.txt",), attributes=tmp_path / "names.txt")
    [batch] = list(read_source(files, IngestSpec(format="mm-mkp")))

    assert [row["attributes"] for row in batch.sides["attributes"].to_pylist()] == [["man", "shirt"], []]


def test_aimkp_that_is_no_array(ingest: Any) -> None:
    with pytest.raises(WrongInput, match="a JSON array of conversations expected"):
        ingest(json.dumps(item(0)), format="aimkp")


TRC_HEADER = (
    '"tweet_id","tweet","text_is_represented","image_adds","image_adds_text_repr","image_adds_text_notrepr",'
    '"image_notadds_text_repr","image_notadds_text_notrepr"'
)


def test_trc_rows_become_posts_with_labels(ingest: Any) -> None:
    found = ingest(
        [
            TRC_HEADER,
            '"11","see this https://t.co/a https://t.co/b","1","1","1","0","0","0"',
            r'"12","a \"quoted\", word","0","1","0","1","0","0"',
            '"13","a ""doubled"" one","1","0","0","0","1","0"',
            '"14","left, right","0","0","0","0","0","1"',
        ],
        format="trc",
    )
    assert found.texts == ["see this https://t.co/a", 'a "quoted", word', 'a "doubled" one', "left, right"]
    assert [post.extra["relation"] for post in found.posts] == ["R1", "R2", "R3", "R4"]
    assert [(post.post_id, post.image_ref) for post in found.posts][:1] == [("11", "T11.jpg")]
    assert [row["matched"] for row in found.sides["matches"]] == [True, True, False, False]


def test_bad_rows_of_trc(ingest: Any) -> None:
    rows = ['"x","id","0","0","0","0","0","1"', '"5","few","0","0"', '"6","contradiction","1","1","0","0","0","1"']
    found = ingest([TRC_HEADER, *rows, '"7","fine","0","0","0","0","0","1"'], format="trc")
    assert found.reasons == [(2, "bad_fields"), (3, "bad_fields"), (4, "schema")]


def test_trc_labels_without_texts(tmp_path: Path, ingest: Any) -> None:
    lines = [
        "tweet_id,a,b,c,d,e,f,,,",
        "11,1,1,1,0,0,0,,,",
        "6.92094E+17,1,0,0,0,1,0,,,",
        '12,"leaked, text",0,0,0,0,0,1',
    ]
    path = tmp_path / "textimage.csv"
    path.write_text("\r\n".join(lines))
    labels, bad = read_trc_labels(path)
    assert labels == {"11": TrcLabels(text_is_represented=True, image_adds=True)}
    assert [row.line for row in bad] == [3, 4]
    with pytest.raises(WrongInput, match="ids and labels, no texts"):
        ingest(lines, format="trc")
