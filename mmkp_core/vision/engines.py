"""What makes each kind of enrichment: the engine's name and fingerprint, and for engines that need no endpoint and no
pool of processes, how images become rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from mmkp_core.tables.vision import SIGNATURES
from mmkp_core.vision.attribute_engines import make_attribute_engine
from mmkp_core.vision.attributes import AttributeSpec, attributes_table
from mmkp_core.vision.decoding import DECODE_VERSION, Decoded, decode
from mmkp_core.vision.entities import EntitySpec
from mmkp_core.vision.features.files import write_features
from mmkp_core.vision.features.table import FeatureSpec, make_extractor
from mmkp_core.vision.ocr.engines import engine_fingerprint
from mmkp_core.vision.ocr.spec import OcrSpec
from mmkp_core.vision.signatures import SIGNATURE_VERSION, SignatureSpec, image_signature
from mmkp_core.vision.spec import GivenSpec

Images = Iterable[tuple[str, bytes]]
"""Image keys with the images' bytes."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """One part of rows, and how many images came to which status; None where the rows stand in files already."""

    rows: pa.Table | None
    statuses: Mapping[str, int]


Extract = Callable[[Images, Path, Path], Extracted]
"""Reads images; the first folder is for files that belong to their rows, the second keeps weights that are converted
once."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What rows of a kind are made by: people see the name, rows are kept under the fingerprint."""

    kind: str
    name: str
    fingerprint: str
    extract: Extract | None = None
    """None for engines that run elsewhere: in a pool of processes, or behind an endpoint."""

    @property
    def table(self) -> str:
        """The table that its rows stand in, and the row store's kind."""
        return self.kind.partition("/")[0]


def engine_of(kind: str, spec: Any) -> Engine:
    """The engine that makes a kind of enrichment by its settings; nothing is loaded yet."""
    return _ENGINES[kind.partition("/")[0]](spec)


def _ocr(spec: OcrSpec) -> Engine:
    return Engine("ocr", spec.engine, engine_fingerprint(spec))


def _entities(spec: EntitySpec) -> Engine:
    return Engine("entities", spec.model, spec.engine)


def _attributes(spec: AttributeSpec) -> Engine:
    engine = make_attribute_engine(spec)

    def extract(images: Images, folder: Path, kept: Path) -> Extracted:
        engine.open(kept)
        rows = [engine.attributes(key, data) for key, data in images]
        return Extracted(attributes_table(rows), _counted(row.status for row in rows))

    return Engine("attributes", engine.name, engine.fingerprint(), extract)


def _features(spec: FeatureSpec) -> Engine:
    extractor = make_extractor(spec)

    def extract(images: Images, folder: Path, kept: Path) -> Extracted:
        extractor.open(kept)
        written = write_features(extractor, images, folder)
        return Extracted(None, _counted(["ok"] * written.rows + list(written.failed.values())))

    return Engine(spec.enrichment, spec.extractor.kind, extractor.fingerprint(), extract)


def _signatures(spec: SignatureSpec) -> Engine:
    def extract(images: Images, folder: Path, kept: Path) -> Extracted:
        rows, statuses = [], []
        for key, data in images:
            picture = decode(data, bound=512)
            statuses.append("ok" if isinstance(picture, Decoded) else picture.trouble)
            if isinstance(picture, Decoded):
                signature = image_signature(picture.rgb)
                rows.append({"image_key": key, "structure": signature.structure, "colours": signature.colours})
        return Extracted(pa.Table.from_pylist(rows, schema=SIGNATURES.schema), _counted(statuses))

    return Engine("signatures", "dct", f"signature-{SIGNATURE_VERSION}-{DECODE_VERSION}", extract)


def _matches(spec: GivenSpec) -> Engine:
    return Engine("matches", "given", "given")


_ENGINES: Mapping[str, Callable[[Any], Engine]] = {
    "ocr": _ocr,
    "attributes": _attributes,
    "entities": _entities,
    "features": _features,
    "matches": _matches,
    "signatures": _signatures,
}


def _counted(statuses: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for status in statuses:
        counts[status] = counts.get(status, 0) + 1
    return counts
