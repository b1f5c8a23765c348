"""The learner of the vision-language systems; what is heavy is loaded when it is needed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration, Learned, Learner, LearningData, Need, Predictor, Report
from mmkp_core.vlm.folder import save_spec
from mmkp_core.vlm.methods.table import row_of
from mmkp_core.vlm.settings import TINY
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.weights import weights_identity


class VlmLearner(Learner):
    """`device` `auto` takes a GPU where there is one; `download` lets weights come from the hub."""

    version = 1

    def __init__(
        self, device: str = "auto", *, download: bool = False, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._device = device
        self._download = download
        self._clock = clock

    def declare(self, spec: Any) -> Declaration:
        """A system that is shown no image reads nothing of it, whatever its other settings say."""
        spec = _own(spec)
        sees, learns_rationales = spec.modalities != "text", row_of(spec.method).rationales
        reads = [
            *(["pixels"] if sees else []),
            *(["ocr"] if sees and spec.image_words else []),
            *(["entities", "attributes"] if sees and spec.visual_words else []),
            *(["rationales"] if learns_rationales else []),
        ]
        needs: list[Need] = ["image"] if sees else []
        needs += ["teacher"] if learns_rationales else []
        needs += ["weights", "gpu"] if spec.backbone != TINY else []
        return Declaration(reads=tuple(reads), needs=tuple(needs))

    def weights(self, spec: Any) -> str:
        spec = _own(spec)
        return weights_identity(spec.backbone, spec.revision)

    def fit(self, spec: Any, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
        spec = _own(spec)
        save_spec(model, spec)
        objective = row_of(spec.method).objective
        if objective is None:
            return Learned(())
        from mmkp_core.vlm.fitting import fit_adapter

        return fit_adapter(
            spec, objective, data, seed, model, checkpoints, report, device=self._device, download=self._download
        )

    def load(self, model: Path) -> Predictor:
        from mmkp_core.vlm.predictor import load_predictor

        return load_predictor(model, device=self._device, download=self._download, clock=self._clock)


def _own(spec: Any) -> VlmSpec:
    if not isinstance(spec, VlmSpec):
        raise WrongInput(f"a vision-language system is built from a VlmSpec, not from {type(spec).__name__}")
    return spec
