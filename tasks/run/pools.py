"""Keeps the OCR workers of this process warm, so that all its tasks of one engine share them.

A pool cannot be sent to another process and a spec can: a task takes the spec and asks here. The workers end with this
process, however it ends.
"""

import atexit
import threading
from pathlib import Path

from mmkp_core.vision.ocr.engines import engine_fingerprint, make_engine
from mmkp_core.vision.ocr.pool import OcrPool
from mmkp_core.vision.ocr.spec import OcrSpec

_pools: dict[str, OcrPool] = {}
_making = threading.Lock()


def warm_pool(spec: OcrSpec, *, workers: int, work: Path) -> OcrPool:
    """This process's pool for `spec`; `workers` and the folder `work` count for the first who asks."""
    engine = engine_fingerprint(spec)
    with _making:
        if engine not in _pools:
            _pools[engine] = OcrPool(make_engine(spec), spec, workers=workers, work=work / f"ocr-{engine}")
        return _pools[engine]


@atexit.register
def close_pools() -> None:
    """End all workers and their memory, when no more images are to be read; the next who asks gets a new pool."""
    with _making:
        while _pools:
            _pools.popitem()[1].close()
