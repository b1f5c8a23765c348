"""Holds one open OCR engine in a process of its own and answers images that come over a link with rows.

Nothing here imports Prefect or torch (PaddleOCR brings torch in by itself).
"""

import os
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


def main(link: "Connection[Any, Any]") -> None:
    """In: (engine, spec, folder), then (number, image key, source). Out: "ready" or why not, then (number, row)."""
    try:
        engine, spec, work = link.recv()
        try:
            engine.open(Path(work))
        except Exception as error:  # a foreign engine's constructor may raise anything
            traceback.print_exc()  # into the worker's log
            link.send(("closed", f"{type(error).__name__}: {error}"))
            return
        from mmkp_core.vision.ocr.reading import read_image

        _one_thread()
        link.send(("ready", ""))
        while True:
            number, image_key, source = link.recv()
            link.send((number, read_image(engine, spec, image_key, source)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.stderr.flush()
        os._exit(0)  # the pool is closed; taking the libraries down in order costs seconds


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)
