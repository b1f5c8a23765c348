"""Makes rows of the image words, attributes, entities and match scores that a source gives with its posts."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mmkp_core.data.formats import SourceFiles
from mmkp_core.data.rows import Rows
from mmkp_core.identity import DIGITS, sha256_of
from mmkp_core.tables.vision import GIVEN


class SideRows:
    """The side rows of one file of posts; of an image that several posts share, the first row counts."""

    def __init__(self, path: Path, files: SourceFiles) -> None:
        self.path = path
        self.files = files
        self._met: set[str] = set()

    def batches(self, rows: Rows, posts: pa.RecordBatch, keep: npt.NDArray[np.bool_]) -> dict[str, pa.RecordBatch]:
        """By table. A post without an image has none of these."""
        if not (rows.ocr or rows.attributes or rows.entities or rows.matches):
            return {}
        ids, keys = posts.column("post_id").to_pylist(), posts.column("image_key").to_pylist()
        found: dict[str, list[dict[str, Any]]] = {}
        for i in np.flatnonzero(keep).tolist():
            if (key := keys[i]) is None:
                continue
            if rows.matches:
                match = rows.matches[i]
                row = {"image_key": key, "post_id": ids[i], "score": match.score, "matched": match.matched}
                found.setdefault("matches", []).append({**row, "engine": self._posts_engine})
            if key not in self._met:
                self._met.add(key)
                self._of_image(i, key, rows, found)
        return {name: pa.RecordBatch.from_pylist(of_table, GIVEN[name].schema) for name, of_table in found.items()}

    def _of_image(self, i: int, key: str, rows: Rows, found: dict[str, list[dict[str, Any]]]) -> None:
        if rows.ocr:
            words = rows.ocr[i]
            row = {"image_key": key, "engine": self._ocr_engine, "words": " ".join(words.split()), "raw": words}
            found.setdefault("ocr", []).append(row)
        if rows.attributes:
            found.setdefault("attributes", []).append(
                {"image_key": key, "engine": self._attributes_engine, "attributes": rows.attributes[i]}
            )
        if rows.entities:
            found.setdefault("entities", []).extend(
                {"image_key": key, "engine": self._posts_engine, "name": name, "rank": rank}
                for rank, name in enumerate(rows.entities[i])
            )

    @cached_property
    def _posts_engine(self) -> str:
        return given_engine(self.path)

    @cached_property
    def _ocr_engine(self) -> str:
        return given_engine(self.files.ocr or self.path)

    @cached_property
    def _attributes_engine(self) -> str:
        return given_engine(self.files.attributes or self.path)


def given_engine(path: Path) -> str:
    """What stands for the engine in rows that were not computed but given: the file they are from, by its bytes."""
    return f"given:{sha256_of(path)[:DIGITS]}"
