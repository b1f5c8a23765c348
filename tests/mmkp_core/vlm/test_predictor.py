from dataclasses import replace
from typing import Any

import pytest

from mmkp_core.data.inputs import Inputs, select_inputs
from mmkp_core.data.post import Example
from mmkp_core.learning import PredictionData
from mmkp_core.vlm.predictor import VlmPredictor
from mmkp_core.vlm.settings import GenerationSpec, Modalities
from mmkp_core.vlm.spec import VlmSpec


def silent(progress: Any) -> None:
    return None


def predictor(student: Any, modalities: Modalities = "text+image") -> VlmPredictor:
    student.vlm.model.eval()
    return VlmPredictor(
        VlmSpec(modalities=modalities, generation=GenerationSpec(max_tokens=8)), student.vlm, lambda: 0.0
    )


def answers(predictor: VlmPredictor, data: PredictionData) -> list[str]:
    found = predictor.predict(data, silent)["phrases"]
    assert [answer.post_id for answer in found] == [example.post.post_id for example in data.examples]
    return [answer.written.text for answer in found if answer.written]


def test_a_loaded_system_answers_again_and_again_for_one_post_or_many(
    student: Any, examples: list[Example], image_bytes: Any
) -> None:
    warm = predictor(student)
    together = answers(warm, PredictionData(examples, images=image_bytes))
    assert [answers(warm, PredictionData([one], images=image_bytes))[0] for one in examples] == together
    assert answers(warm, PredictionData(examples, images=image_bytes)) == together
    assert len(set(together)) > 1


def test_no_posts_give_no_answers(student: Any) -> None:
    assert predictor(student).predict(PredictionData([]), silent) == {"phrases": []}


def test_what_a_spec_does_not_show_changes_no_answer(student: Any, examples: list[Example], image_bytes: Any) -> None:
    def answer(modalities: Modalities, text: str, image: str) -> list[str]:
        post = replace(examples[0].post, text=text, image=image)
        data = PredictionData([replace(examples[0], post=post)], images=image_bytes)
        return answers(predictor(student, modalities), data)

    assert answer("text", "a", "red") == answer("text", "a", "blue")
    assert answer("image", "a", "red") == answer("image", "entirely different words", "red")


@pytest.mark.parametrize(("inputs", "modalities"), [("text", "text"), ("image", "image")])
def test_posts_without_a_modality_are_answered_as_by_a_system_without_it(
    inputs: Inputs, modalities: Modalities, student: Any, examples: list[Example], image_bytes: Any
) -> None:
    data = PredictionData(examples, images=image_bytes)
    withheld = answers(predictor(student), select_inputs(data, inputs))
    assert withheld == answers(predictor(student, modalities), data)
    assert withheld != answers(predictor(student), data)
