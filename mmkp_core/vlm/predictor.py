"""A vision-language system, loaded: answers post after post."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mmkp_core.data.post import Prediction
from mmkp_core.learning import PredictionData, Report
from mmkp_core.vlm.backbone import Vlm, with_saved_adapter
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.folder import ADAPTER, saved_spec
from mmkp_core.vlm.generate import Clock, generate
from mmkp_core.vlm.loading import chosen_device, open_backbone
from mmkp_core.vlm.methods.table import row_of
from mmkp_core.vlm.shown import pictures_for, shown_post, shown_words
from mmkp_core.vlm.spec import VlmSpec


class VlmPredictor:
    """A `Predictor`. Image features are not looked at: this family sees the pictures themselves."""

    def __init__(self, spec: VlmSpec, student: Vlm, clock: Clock) -> None:
        self._spec = spec
        self._student = student
        self._conversation = Conversation(student.processor, spec.longest)
        self._clock = clock

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        spec, pictures = self._spec, pictures_for(self._spec, data.images)
        answers = generate(
            self._student,
            self._conversation,
            [partial(shown_post, example, pictures, spec) for example in data.examples],
            self._conversation.prompt_lengths([shown_words(e, spec, with_image=False) for e in data.examples]),
            spec.generation,
            self._clock,
            report,
        )
        predictions = [
            Prediction(example.post.post_id, answer.phrases, written=answer.written)
            for example, answer in zip(data.examples, answers, strict=True)
        ]
        return {"phrases": predictions}


def load_predictor(model: Path, *, device: str, download: bool, clock: Clock) -> VlmPredictor:
    """The predictor of a finished run's folder: its backbone, with its adapter where it has one."""
    spec = saved_spec(model)
    student = open_backbone(spec, chosen_device(device), download=download)
    if row_of(spec.method).objective is not None:
        student = with_saved_adapter(student, model / ADAPTER)
    return VlmPredictor(spec, student, clock)
