"""A source read to its end, and the published sets where they are at hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.known import KnownIds
from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import posts_of
from mmkp_core.data.sources import Counts, read_source

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data"


@dataclass
class Ingested:
    posts: list[Post] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    sides: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counts: Counts = Counts()

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(row["line"], row["reason"]) for row in self.quarantine]

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.posts]


def ingest_files(
    files: SourceFiles, spec: IngestSpec, known: KnownIds | None = None, read_image: Any = None
) -> Ingested:
    found = Ingested()
    for batch in read_source(files, spec, known=known, read_image=read_image):
        found.posts += posts_of(batch.posts)
        found.quarantine += batch.quarantine.to_pylist()
        found.images += batch.images.to_pylist()
        for name, rows in batch.sides.items():
            found.sides.setdefault(name, []).extend(rows.to_pylist())
        found.counts += batch.counts
    counts = found.counts
    assert counts.read == counts.accepted + counts.quarantined + counts.duplicates
    assert counts.accepted == len(found.posts)
    assert counts.quarantined == sum(not row["reason"].startswith("image_") for row in found.quarantine)
    return found


@pytest.fixture(scope="session")
def read_files() -> Callable[..., Ingested]:
    """Read files that are there, and check that no row is lost."""
    return ingest_files


@pytest.fixture
def ingest(tmp_path: Path) -> Callable[..., Ingested]:
    """Write lines to a file, read it, and check that no row is lost."""

    def read(lines: bytes | str | Sequence[bytes | str], name: str = "posts.jsonl", **spec: Any) -> Ingested:
        path = tmp_path / name
        if isinstance(lines, bytes | str):
            lines = [lines]
        whole = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
        path.write_bytes(whole)
        return ingest_files(SourceFiles(posts=(path,)), IngestSpec(**spec))

    return read


@pytest.fixture(scope="session")
def published() -> Path:
    if not PUBLISHED.is_dir():
        pytest.skip("the published sets are not here")
    return PUBLISHED
