"""Prediction with a trained classic system, loaded once."""

from collections.abc import Sequence
from typing import Any

import torch
from accelerate import PartialState

from mmkp_core.classic.batch import ClassicSamples
from mmkp_core.classic.blocks.writer import Writer
from mmkp_core.classic.declaration import heads
from mmkp_core.classic.features import given_features, require_numbers
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.folder import TrainedModel
from mmkp_core.classic.model import Encoded
from mmkp_core.data.post import Prediction
from mmkp_core.learning import PredictionData, Progress, Report
from mmkp_core.training.batching import Indices, ordered_batches

DECODED_AT_ONCE = 48  # posts; with a beam of 10 that many rows fill the matrix products

Rows = dict[int, Prediction]
"""By the number of the post."""


class ClassicPredictor:
    """Fulfils `learning.Predictor`."""

    def __init__(self, trained: TrainedModel) -> None:
        self._trained = trained
        self._device = PartialState().device
        self._network = self._trained.network.to(self._device)
        self._generator = self._trained.generator
        if self._generator is not None:
            self._generator.to(self._device)
        self._fields = [field for field in self._network.fields() if not field.from_keyphrases]

    def predict(
        self, data: PredictionData, report: Report, wanted: Sequence[str] | None = None
    ) -> dict[str, list[Prediction]]:
        """By head, of all heads or of those `wanted`."""
        trained = self._trained
        features = given_features(trained.spec, data.features)
        require_numbers(trained.cell_numbers, features)
        inputs = FieldInputs(data.examples, trained.known, trained.spec, features, trained.cell_numbers)
        samples = ClassicSamples(inputs, self._fields)
        found: dict[str, Rows] = {head: {} for head in wanted or heads(trained.spec)}
        done = 0
        with torch.inference_mode():
            for indices in ordered_batches(samples.lengths, DECODED_AT_ONCE):
                encoded = self._network.encode(samples.batch(indices).to(self._device))
                for head, rows in found.items():
                    rows |= self._answers(samples, encoded, head)
                done += len(indices)
                report(Progress(done, len(samples)))
        return {head: [rows[i] for i in range(len(samples))] for head, rows in found.items()}

    def _answers(self, samples: ClassicSamples, encoded: Encoded, head: str) -> Rows:
        if head == "joint" and self._network.writer is not None:
            return self._written(samples, encoded, self._network.writer, handover=True)
        if head != "classifier" and self._generator is not None:
            return self._written(samples, encoded, self._generator, handover=False)
        if encoded.class_logits_BC is None:
            raise TypeError(f"this system has nothing that answers as {head}")
        return self._classified(samples, encoded.batch.rows, encoded.class_logits_BC)

    def _written(self, samples: ClassicSamples, encoded: Encoded, writer: Writer[Any], *, handover: bool) -> Rows:
        network, rows = self._network, encoded.batch.rows
        sources = network.sources(encoded, writer, handover=handover)
        decoding = self._trained.spec.decoding
        found = writer.phrases(sources, network.embedding, decoding)
        out = {}
        for row, post_id, post in zip(rows.tolist(), samples.names(rows), found, strict=True):
            scores: dict[str, float] = {}
            for phrase in post:
                if spelled := samples.spelled(row, phrase.words, phrase.looked_at):
                    scores.setdefault(spelled, phrase.score)
            out[row] = _prediction(post_id, list(scores)[: decoding.keep], list(scores.values())[: decoding.keep])
        return out

    def _classified(self, samples: ClassicSamples, rows: Indices, logits_BC: torch.Tensor) -> Rows:
        known = logits_BC.log_softmax(-1)[:, 1:]  # class 0 stands for any other phrase
        best = known.topk(min(self._trained.spec.decoding.keep, known.shape[1]), dim=1)
        labels = self._trained.known.classes.words
        chosen = [[labels[c + 1] for c in classes] for classes in best.indices.tolist()]
        answers = zip(rows.tolist(), samples.names(rows), chosen, best.values.tolist(), strict=True)
        return {row: _prediction(post_id, phrases, scores) for row, post_id, phrases, scores in answers}


def _prediction(post_id: str, phrases: Sequence[str], scores: Sequence[float]) -> Prediction:
    return Prediction(post_id, tuple(phrases), tuple(scores))
