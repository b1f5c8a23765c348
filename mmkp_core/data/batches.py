"""Which rules hold for the rows of every format? Words, ids, times and images, from `Rows` to a `Batch` of tables."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.hashtags import from_hashtags
from mmkp_core.data.images import SeenImages
from mmkp_core.data.known import CONFLICT, DUPLICATE, NEW, KnownIds, content_hashes, id_hashes
from mmkp_core.data.quarantine import RowFault, bad_row, quarantine_rows
from mmkp_core.data.rows import Rows
from mmkp_core.data.sides import SideRows
from mmkp_core.data.tables import POSTS
from mmkp_core.data.text import has_visible
from mmkp_core.data.times import times
from mmkp_core.data.tweets import normal_tweet
from mmkp_core.errors import WrongInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows of a source."""

    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    """Rows whose id and content both stood there before."""
    images: int = 0
    """Accepted posts whose image is there and can be used."""
    images_missing: int = 0
    """Accepted posts that name an image whose bytes are not at hand."""
    images_bad: int = 0
    """Accepted posts whose image file cannot be used."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one file, as the tables of `tables.py`."""

    source: str
    posts: pa.RecordBatch
    images: pa.RecordBatch
    quarantine: pa.RecordBatch
    sides: dict[str, pa.RecordBatch]
    """What the source gives besides: a batch for each of `tables.SIDE_TABLES` that it has rows for."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of some rows, and their phrases one after another."""

    texts: list[str]
    phrases: list[str]
    counts: list[int]


class Finish:
    """The rules for one file."""

    def __init__(
        self, path: Path, files: SourceFiles, spec: IngestSpec, prefix: str, known: KnownIds, images: SeenImages
    ) -> None:
        self.path = path
        self.files = files
        self.spec = spec
        self.prefix = prefix
        self.known = known
        self.images = images
        self.sides = SideRows(path, files)

    def __call__(self, rows: Rows) -> Batch:
        faults: dict[int, RowFault] = {}
        words = words_of(rows, self.spec, faults)
        created_at, no_times = times(rows.created_at)
        for i in no_times:
            shown = str(rows.created_at[i])[:60]
            faults.setdefault(
                i, RowFault("schema", f"{self.spec.columns.created_at}: {shown!r} is no time of ISO 8601")
            )
        ids = rows.post_id or [f"{self.prefix}{line}" for line in rows.line]
        keep = np.ones(len(rows), dtype=bool)
        keep[list(faults)] = False
        duplicates = self._judge(rows, ids, words, created_at, keep, faults)

        found = self.images.look_up(rows.image_ref, rows.line, keep)
        bad = [*rows.bad, *found.bad]
        for i, fault in faults.items():
            fault.key = fault.key or ids[i]
            bad.append(bad_row(rows.line[i], fault, rows.raw[i]))
        offsets = np.zeros(len(rows) + 1, dtype=np.int32)
        np.cumsum(words.counts, out=offsets[1:])
        posts = pa.RecordBatch.from_arrays(
            [
                pa.array(ids, pa.string()),
                pa.array(words.texts, pa.string()),
                pa.ListArray.from_arrays(pa.array(offsets), pa.array(words.phrases, pa.string())),
                pa.array(found.images, pa.string()),
                pa.array(rows.image_ref, pa.string()),
                pa.array(found.keys, pa.string()),
                pa.repeat(self.path.name, len(rows)),
                pa.array(rows.line, pa.int64()),
                pa.array(rows.split_hint, pa.string()),
                created_at,
                pa.array(rows.lang, pa.string()),
                pa.array(rows.extra, pa.string()),
            ],
            schema=POSTS,
        )
        accepted = int(keep.sum())
        tally = Counts(
            read=len(rows) + len(rows.bad),
            accepted=accepted,
            quarantined=len(rows.bad) + len(faults),
            duplicates=duplicates,
            images=found.here,
            images_missing=found.missing,
            images_bad=found.unusable,
        )
        return Batch(
            source=self.path.name,
            posts=posts if accepted == len(rows) else posts.filter(pa.array(keep)),
            images=found.rows,
            quarantine=quarantine_rows(self.path.name, sorted(bad, key=lambda row: row.line)),
            sides=self.sides.batches(rows, ids, found.keys, keep),
            counts=tally,
        )

    def _judge(
        self,
        rows: Rows,
        ids: Sequence[str],
        words: Words,
        created_at: pa.Array,
        keep: npt.NDArray[np.bool_],
        faults: dict[int, RowFault],
    ) -> int:
        """Take out the rows whose id was there before; the number of those that said nothing new."""
        asked = np.flatnonzero(keep)
        contents = content_hashes(
            words.texts, words.phrases, words.counts, created_at, rows.image_ref, rows.lang, rows.split_hint, rows.extra
        )
        verdict = self.known.judge(id_hashes(ids)[asked], contents[asked])
        if not rows.post_id and (verdict != NEW).any():
            taken = ids[asked[np.flatnonzero(verdict != NEW)[0]]]
            raise WrongInput(
                f"{self.path}: its posts have no ids, and the id {taken!r}, made from the line number, is taken by "
                "an earlier post; give this file an id_prefix of its own"
            )
        keep[asked[verdict != NEW]] = False
        for i in asked[verdict == CONFLICT].tolist():
            faults[i] = RowFault("id_conflict", f"{ids[i]}: an earlier post of this id has other content")
        return int((verdict == DUPLICATE).sum())


def words_of(rows: Rows, spec: IngestSpec, faults: dict[int, RowFault]) -> Words:
    """Texts and phrases in NFC, hashtags and tweets treated as the spec says; a text that shows nothing is a fault."""
    texts, phrases, counts = rows.text, rows.phrases, rows.phrase_counts
    if spec.keyphrases_from == "hashtags":
        pairs = [from_hashtags(text, spec.hashtags) for text in texts]
        texts = [text for text, _ in pairs]
        phrases = [phrase for _, tags in pairs for phrase in tags]
        counts = [len(tags) for _, tags in pairs]
        for i, count in enumerate(counts):
            if count > spec.max_keyphrases:
                faults[i] = RowFault("too_large", f"{count:,} hashtags, {spec.max_keyphrases:,} allowed")
    if spec.normalise == "tweet":
        texts = [normal_tweet(text, spec.tweet) for text in texts]
    if not all(map(partial(unicodedata.is_normalized, "NFC"), texts)):
        texts = [unicodedata.normalize("NFC", text) for text in texts]
    # a text that begins with a letter, digit or mark of ASCII shows something: most do, and comparing is cheap
    if not all(has_visible(text) for text in texts if not "!" <= text < "\x7f"):
        for i, text in enumerate(texts):
            if not has_visible(text):
                detail = "nothing but hashtags" if has_visible(rows.text[i]) else "nothing visible"
                faults.setdefault(i, RowFault("empty_text", f"{spec.columns.text}: {detail}"))
    for column in (texts, rows.post_id):
        if "\x00" in "".join(column):
            nuls = (i for i, value in enumerate(column) if "\x00" in value)
            faults |= {i: RowFault("bad_encoding", "a NUL") for i in nuls}
    clean = _CleanPhrases()
    phrases = [*map(clean.__getitem__, phrases)]
    if "" in clean.values():
        each = iter(phrases)
        counts = [sum(map(bool, islice(each, count))) for count in counts]
        phrases = [*filter(None, phrases)]
    return Words(texts, phrases, counts)


class _CleanPhrases(dict[str, str]):
    """Phrases in NFC with single blanks, empty where nothing shows; most phrases come more than once."""

    def __missing__(self, phrase: str) -> str:
        shown = phrase if has_visible(phrase) else ""
        clean = " ".join(unicodedata.normalize("NFC", shown).replace("\x00", " ").split())
        self[phrase] = clean
        return clean
