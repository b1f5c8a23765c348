"""Applies the rules for rows of every format (words, ids, times, images) and makes tables of them."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.hashtags import from_hashtags, without_labels
from mmkp_core.data.images import SeenImages
from mmkp_core.data.known import CONFLICT, DUPLICATE, NEW, KnownIds, RowHasher, RowHashes
from mmkp_core.data.quarantine import RowFault, bad_row, quarantine_rows
from mmkp_core.data.rows import Rows
from mmkp_core.data.segmenting import Segmenter
from mmkp_core.data.sides import SideRows
from mmkp_core.data.text import has_visible
from mmkp_core.data.times import times
from mmkp_core.data.tweets import normal_tweet
from mmkp_core.errors import WrongInput
from mmkp_core.tables.posts import POSTS, REPEATS

Faults = dict[int, RowFault]
"""By place among the rows; the first fault found counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows of a source."""

    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    """Rows whose id and content both stood there before."""
    labels_cut: int = 0
    """Rows from whose text hashtags were cut because they state a keyphrase of the row."""
    images: int = 0
    """Accepted posts whose image is there and can be used."""
    images_missing: int = 0
    """Accepted posts that name an image whose bytes are not at hand."""
    images_bad: int = 0
    """Accepted posts whose image file cannot be used."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBatch:
    """Rows of one file, as tables."""

    source: str
    posts: pa.RecordBatch
    images: pa.RecordBatch
    quarantine: pa.RecordBatch
    repeats: pa.RecordBatch
    sides: dict[str, pa.RecordBatch]
    """What the source gives besides: a batch for each of `tables.vision.GIVEN` that it has rows for."""
    counts: Counts


class RowRules:
    """The rules for one file."""

    def __init__(
        self,
        path: Path,
        files: SourceFiles,
        spec: IngestSpec,
        prefix: str,
        known: KnownIds,
        images: SeenImages,
        segmenter: Segmenter,
    ) -> None:
        self.path = path
        self.spec = spec
        self.prefix = prefix
        self.known = known
        self.images = images
        self.segmenter = segmenter
        self.sides = SideRows(path, files)
        self.hasher = RowHasher()

    def batch(self, rows: Rows) -> SourceBatch:
        given = rows.columns
        faults: Faults = {}
        texts, phrases, labels_cut = words(given, self.spec, self.segmenter, faults)
        created_at, no_times = times(given.column("created_at"))
        for i in no_times:
            shown = given.column("created_at")[i].as_py()[:60]
            faults.setdefault(i, RowFault("schema", f"{self.spec.columns.created_at}: {shown!r} is no time"))
        lines = given.column("line")
        ids = given.column("post_id")
        if not rows.gives_ids:
            ids = pc.binary_join_element_wise(self.prefix, lines.cast(pa.string()), "")
        refs = given.column("image_ref")
        columns = {
            "post_id": ids,
            "text": texts,
            "keyphrases": phrases,
            "image": pa.nulls(len(ids), pa.string()),
            "image_ref": refs,
            "image_key": pa.nulls(len(ids), pa.string()),
            "source": pa.repeat(self.path.name, len(ids)),
            "line": lines,
            "split_hint": given.column("split_hint"),
            "created_at": created_at,
            "lang": given.column("lang"),
            "extra": given.column("extra"),
        }
        hashes = self.hasher(pa.RecordBatch.from_pydict(columns, schema=POSTS.schema))
        keep = np.ones(len(ids), dtype=bool)
        keep[list(faults)] = False
        repeats = self._judge(hashes, ids, rows.gives_ids, keep, faults)
        found = self.images.look_up(refs, hashes.ref_keys, lines, keep)
        columns |= {"image": found.images, "image_key": found.keys}
        posts = pa.RecordBatch.from_pydict(columns, schema=POSTS.schema)

        bad = [*rows.bad, *found.bad]
        for i, fault in faults.items():
            fault.key = ids[i].as_py() if fault.key is None else fault.key
            bad.append(bad_row(lines[i].as_py(), fault, rows.raw(i)))
        accepted = int(keep.sum())
        return SourceBatch(
            source=self.path.name,
            posts=posts if accepted == len(ids) else posts.filter(pa.array(keep)),
            images=found.rows,
            quarantine=quarantine_rows(self.path.name, sorted(bad, key=lambda row: row.line)),
            repeats=pa.RecordBatch.from_arrays([lines.take(repeats), ids.take(repeats)], schema=REPEATS.schema),
            sides=self.sides.batches(rows, posts, keep),
            counts=Counts(
                read=len(ids) + len(rows.bad),
                accepted=accepted,
                quarantined=len(rows.bad) + len(faults),
                duplicates=len(repeats),
                labels_cut=labels_cut,
                images=found.here,
                images_missing=found.missing,
                images_bad=found.unusable,
            ),
        )

    def _judge(
        self, hashes: RowHashes, ids: pa.Array, gives_ids: bool, keep: npt.NDArray[np.bool_], faults: Faults
    ) -> pa.Array:
        """Take out the rows whose id was there before; the places of those with the same content."""
        kept = np.flatnonzero(keep)
        verdict = self.known.judge(hashes.ids[kept], hashes.contents[kept])
        again = kept[verdict != NEW]
        if len(again) and not gives_ids:
            raise WrongInput(
                f"{self.path}: its posts have no ids, and {ids[int(again[0])].as_py()!r}, made from the line number, "
                "is the id of an earlier post; give this file an id_prefix of its own"
            )
        keep[again] = False
        for i in kept[verdict == CONFLICT].tolist():
            faults[i] = RowFault("id_conflict", f"{ids[i].as_py()}: an earlier post of this id has other content")
        return pa.array(kept[verdict == DUPLICATE])


def words(
    given: pa.RecordBatch, spec: IngestSpec, segmenter: Segmenter, faults: Faults
) -> tuple[pa.Array, pa.Array, int]:
    """Texts and keyphrases in NFC, tags and tweets treated as the spec says; a text that shows nothing is a fault.

    Also the number of texts from which labels were cut.
    """
    texts, keyphrases, labels_cut = given.column("text"), given.column("keyphrases"), 0
    if spec.keyphrases_from == "hashtags":
        raw = texts.to_pylist()
        for i, text in enumerate(raw):
            signs = text.count("#")
            if signs > spec.max_keyphrases:  # before they are looked at: a text of a million takes seconds
                faults[i] = RowFault("too_large", f"{signs:,} hashtags, {spec.max_keyphrases:,} allowed")
        cut = segmenter.words_of
        pairs = [("", ()) if i in faults else from_hashtags(text, spec.hashtags, cut) for i, text in enumerate(raw)]
        texts = pa.array([text for text, _ in pairs], pa.string())
        keyphrases = pa.array([tags for _, tags in pairs], keyphrases.type)
    elif spec.labels_in_text == "cut":
        texts, labels_cut = _without_labels(texts, keyphrases)
    if spec.normalise == "tweet":
        texts = pa.array([normal_tweet(text, spec.tweet) for text in texts.to_pylist()], pa.string())
    if not _is_ascii(texts):
        texts = pc.utf8_normalize(texts, "NFC")
    for i in np.flatnonzero(_doubtful(texts)).tolist():
        text = texts[i].as_py()
        if not has_visible(text):
            detail = "nothing but hashtags" if has_visible(given.column("text")[i].as_py()) else "nothing visible"
            faults.setdefault(i, RowFault("empty_text", f"{spec.columns.text}: {detail}"))
    for column in (texts, given.column("post_id")):
        if _bytes(column).min(initial=1) == 0:
            for i in np.flatnonzero(pc.match_substring(column, "\x00").fill_null(False)).tolist():
                faults.setdefault(i, RowFault("bad_encoding", "a NUL"))
    return texts, _clean(keyphrases), labels_cut


def _without_labels(texts: pa.Array, keyphrases: pa.Array) -> tuple[pa.Array, int]:
    """The texts without hashtags that state a keyphrase of their row, and how many had some."""
    tagged = np.flatnonzero(pc.match_substring_regex(texts, "[#\uff03\ufe5f]").fill_null(False))
    found = {}
    for at in tagged.tolist():
        text, count = without_labels(texts[at].as_py(), keyphrases[at].as_py() or ())
        if count:
            found[at] = text
    if not found:
        return texts, 0
    return pa.array([found.get(at, text) for at, text in enumerate(texts.to_pylist())], pa.string()), len(found)


def _doubtful(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Texts that do not begin with a letter, digit or mark of ASCII: most do, and so show something."""
    offsets, data = _offsets(texts), _buffer(texts)
    empty = np.diff(offsets) == 0
    if empty.all():
        return np.asarray(empty)
    first = data[np.minimum(offsets[:-1], len(data) - 1)]
    return np.asarray((first <= ord(" ")) | (first >= 0x7F) | empty)


def _clean(keyphrases: pa.Array) -> pa.Array:
    """Phrases in NFC with single blanks, without those that show nothing; no list is null."""
    flat = keyphrases.flatten()
    counts = pc.list_value_length(keyphrases).fill_null(0).to_numpy()
    each = flat.dictionary_encode()
    if not _is_clean(each.dictionary):
        clean = [_clean_phrase(phrase) for phrase in each.dictionary.to_pylist()]
        flat = pa.array(clean, pa.string()).take(each.indices)
        shown = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
        sums = np.concatenate(([0], np.cumsum(shown)))
        ends = np.cumsum(counts)
        counts = sums[ends] - sums[ends - counts]
        flat = flat.filter(pa.array(shown))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def _is_clean(phrases: pa.Array) -> bool:
    untidy = pc.any(pc.match_substring_regex(phrases, r"[\x00-\x1f]|  |^ | $")).as_py()
    return _is_ascii(phrases) and not _doubtful(phrases).any() and not untidy


def _clean_phrase(phrase: str) -> str:
    if not has_visible(phrase):
        return ""
    return " ".join(unicodedata.normalize("NFC", phrase).replace("\x00", " ").split())


def _is_ascii(texts: pa.Array) -> bool:
    return bool(_bytes(texts).max(initial=0) < 0x80)


def _offsets(texts: pa.Array) -> npt.NDArray[np.int32]:
    offsets = np.frombuffer(texts.buffers()[1] or bytes(4), np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def _buffer(texts: pa.Array) -> npt.NDArray[np.uint8]:
    return np.frombuffer(texts.buffers()[2] or b"", np.uint8)


def _bytes(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts, one after another."""
    offsets = _offsets(texts)
    return _buffer(texts)[offsets[0] : offsets[-1]]
