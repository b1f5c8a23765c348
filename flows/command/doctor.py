"""Examines what this machine can do, and says what to do about what is missing."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmkp_core.errors import MmkpError


@dataclass(frozen=True)
class Check:
    """One part of the machine, and what to do where it is missing."""

    part: str
    ok: bool
    state: str
    remedy: str = ""

    def document(self) -> dict[str, str | bool]:
        return {"part": self.part, "ok": self.ok, "state": self.state, "remedy": self.remedy}


def examine() -> list[Check]:
    checks: tuple[Callable[[], Iterator[Check]], ...] = (
        _python, _packages, _store, _server, _ocr, _accelerator, _backbones, _teacher,
    )  # fmt: skip
    return [found for check in checks for found in check()]


def _python() -> Iterator[Check]:
    yield Check("python", sys.version_info >= (3, 11), sys.version.split()[0])
    yield Check("cores", True, f"{os.cpu_count()}")


def _packages() -> Iterator[Check]:
    for name in ("prefect", "fastapi", "duckdb", "torch", "transformers", "peft", "paddleocr", "rapidocr", "openai"):
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            yield Check(name, False, "not installed", "uv sync")
    if importlib.util.find_spec("fastapi") and tuple(map(int, version("fastapi").split(".")[:2])) >= (0, 151):
        yield Check("fastapi", False, "too new for Prefect's server", "uv sync --locked")


def _store() -> Iterator[Check]:
    from tasks.run.store import home, open_store

    root = home()
    try:
        open_store().objects.scratch("staging")
    except MmkpError as error:
        yield Check("store", False, str(error))
        return
    if "://" in root:
        yield Check("store", True, root)
        return
    free = shutil.disk_usage(root).free / 2**30
    yield Check("store", True, f"{root}, {free:.0f} GiB free", "" if free > 5 else "less than 5 GiB are free")


def _server() -> Iterator[Check]:
    from flows.server.private import answers, running_server, server_home

    if url := os.environ.get("PREFECT_API_URL"):
        here = answers(url)
        yield Check("prefect server", here, url, "" if here else "it does not answer; start it or unset the variable")
    elif url := running_server(server_home()):
        yield Check("prefect server", True, f"{url} (private, running)")
    else:
        yield Check("prefect server", True, "none running; a command starts one and ends it, `mmkp serve` keeps one")


def _ocr() -> Iterator[Check]:
    from mmkp_core.vision.ocr.engines import OCR_ENGINES, unavailable
    from mmkp_core.vision.ocr.spec import OcrSpec

    for name in OCR_ENGINES:
        problem = unavailable(OcrSpec(engine=name))  # type: ignore[arg-type]
        yield Check(f"ocr {name}", not problem, problem or "ready, models bundled")


def _accelerator() -> Iterator[Check]:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))
        yield Check("gpu", True, names)
    else:
        yield Check("gpu", False, "none; training runs on the CPU", "large vision-language models need one")


def _backbones() -> Iterator[Check]:
    from huggingface_hub.constants import HF_HUB_CACHE

    from mmkp_core.vlm.settings import TINY_WEIGHTS

    tiny = (TINY_WEIGHTS / "model.safetensors").is_file()
    yield Check(
        "backbone tiny", tiny, "ships with mmkp" if tiny else "its weights are missing",
        "" if tiny else f"mmkp tiny --output {TINY_WEIGHTS}",
    )  # fmt: skip
    fetched = sorted(
        path.name.removeprefix("models--").replace("--", "/") for path in Path(HF_HUB_CACHE).glob("models--*")
    )
    yield Check(
        "hub weights", bool(fetched), ", ".join(fetched) or f"none in {HF_HUB_CACHE}",
        "" if fetched else "for a pretrained backbone: hf download Qwen/Qwen2.5-VL-3B-Instruct",
    )  # fmt: skip


def _teacher() -> Iterator[Check]:
    there = bool(os.environ.get("OPENAI_API_KEY"))
    yield Check(
        "teacher key", there, "set (not shown)" if there else "not set",
        "" if there else "export OPENAI_API_KEY=... for a real teacher; the demo needs none",
    )  # fmt: skip
