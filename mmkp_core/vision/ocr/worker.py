"""The process that holds one engine: gets images over a pipe, sends rows back, dies with its parent.

Started as a fresh interpreter, not by `multiprocessing`: that would import the parent's main module again, which may be
a console script that loads all of Prefect. Nothing here imports Prefect or torch (PaddleOCR brings torch in by itself).
"""

import os
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PARENT_LOOK = 0.5  # seconds between looks whether the parent lives


def main(handle: int, parent: int, work: str) -> None:
    """Messages in: the engine and its spec, then (number, image key, source). Out: "ready" or why not, then rows."""
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    link: Connection[Any, Any] = Connection(handle)
    try:
        engine, spec = link.recv()
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
        os._exit(0)  # the parent has closed the pool, or is gone; taking the libraries down in order costs seconds


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def _die_with(parent: int) -> None:
    """The pipe's end alone is no sign: other children of a killed parent may hold it open, and reading takes long."""
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK)
    os._exit(1)
