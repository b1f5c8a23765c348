import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration, LearningData, PredictionData
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vlm.folder import saved_spec
from mmkp_core.vlm.learner import VlmLearner
from mmkp_core.vlm.methods.dynamic_cot import DynamicCot
from mmkp_core.vlm.methods.finetune_cot import FinetuneCot
from mmkp_core.vlm.methods.sft import Sft
from mmkp_core.vlm.methods.table import Method
from mmkp_core.vlm.methods.zero_shot import ZeroShot
from mmkp_core.vlm.settings import GenerationSpec, LoraSpec
from mmkp_core.vlm.spec import VlmSpec


def spec_of(method: Method, backbone: Path, **training: Any) -> VlmSpec:
    settings: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 2,
        "learning_rate": 1e-2,
        "schedule": "cosine",
        "patience": 0,
    }
    return VlmSpec(
        method=method,
        backbone=str(backbone),
        lora=LoraSpec(rank=2, dropout=0.1),
        training=TrainingSpec(**{**settings, **training}),
        generation=GenerationSpec(max_tokens=8),
    )


def silent(progress: Any) -> None:
    return None


@pytest.fixture
def data(examples: Any, image_bytes: Any) -> LearningData:
    return LearningData(examples, examples[:2], images=image_bytes)


@pytest.mark.parametrize("method", [ZeroShot(), Sft(), FinetuneCot(), DynamicCot(gamma=6.2)], ids=lambda m: m.method)
def test_a_method_trains_to_a_folder_that_predicts(
    method: Method, data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    learner = VlmLearner(device="cpu")
    learned = learner.fit(spec_of(method, backbone_folder), data, 0, tmp_path / "m", tmp_path / "c", silent)
    predictor = learner.load(tmp_path / "m")
    predictions = predictor.predict(PredictionData(data.train, images=data.images), silent)["phrases"]
    assert [p.post_id for p in predictions] == ["0", "1", "2", "3", "4"]
    assert all(p.written is not None and 1 <= p.written.tokens <= 8 for p in predictions)
    assert saved_spec(tmp_path / "m") == spec_of(method, backbone_folder)
    trained = method.method != "zero-shot"
    assert (bool(learned.curve), learned.epochs, learned.parameters > 0) == (trained, 2 * trained, trained)


class Killed(Exception):
    pass


@pytest.mark.parametrize("method", [Sft(), DynamicCot(gamma=-1.0, warmup_steps=3)], ids=lambda m: m.method)
def test_a_killed_training_ends_in_the_weights_of_an_undisturbed_one(
    method: Method, data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    """Killed in the second epoch, after the first one's checkpoint; the gate's warm-up ends in between."""
    spec, learner = spec_of(method, backbone_folder), VlmLearner(device="cpu")

    def kill(progress: Any) -> None:
        if progress.done == 5:
            raise Killed

    whole = learner.fit(spec, data, 0, tmp_path / "a", tmp_path / "ca", silent)
    with pytest.raises(Killed):
        learner.fit(spec, data, 0, tmp_path / "b", tmp_path / "cb", kill)
    assert not (tmp_path / "b" / "adapter").exists()
    resumed = learner.fit(spec, data, 0, tmp_path / "b", tmp_path / "cb", silent)
    one, other = (load_file(tmp_path / run / "adapter" / "adapter_model.safetensors") for run in "ab")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert resumed.curve == whole.curve


LOADED_ELSEWHERE = """
import sys, torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText, AutoProcessor
backbone, adapter, out = sys.argv[1:]
processor = AutoProcessor.from_pretrained(backbone)
model = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(backbone), adapter).eval()
inputs = processor(text=["<|im_start|>user\\nPost: hi<|im_end|>\\n<|im_start|>assistant\\n"], return_tensors="pt")
torch.set_num_threads(1)
with torch.no_grad():
    save_file({"logits": model(**inputs).logits}, out)
assert not any(name.startswith("mmkp") for name in sys.modules)
"""


def test_the_adapter_works_for_somebody_who_has_only_transformers_and_peft(
    data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    spec, learner = spec_of(Sft(), backbone_folder), VlmLearner(device="cpu")
    learner.fit(spec, data, 0, tmp_path / "m", tmp_path / "c", silent)
    arguments = [str(backbone_folder), str(tmp_path / "m" / "adapter"), str(tmp_path / "logits")]
    subprocess.run([sys.executable, "-c", LOADED_ELSEWHERE, *arguments], check=True, cwd=tmp_path, capture_output=True)
    from mmkp_core.vlm.backbone import load_backbone, with_saved_adapter

    cpu = torch.device("cpu")
    vlm = load_backbone(str(backbone_folder), "", device=cpu, dtype=torch.float32, download=False)
    with_adapter = with_saved_adapter(vlm, tmp_path / "m" / "adapter")
    text = "<|im_start|>user\nPost: hi<|im_end|>\n<|im_start|>assistant\n"
    inputs = with_adapter.processor(text=[text], return_tensors="pt")
    with torch.no_grad():
        here = with_adapter.model(**inputs).logits
    torch.testing.assert_close(load_file(tmp_path / "logits")["logits"], here, rtol=1e-5, atol=1e-5)


def test_missing_and_broken_pictures_are_counted_and_the_posts_stay(
    data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    def broken(key: str) -> bytes | None:
        return b"<html>" if key == "red" else None if key == "green" else data.images(key) if data.images else None

    spec = spec_of(Sft(), backbone_folder, epochs=1)
    given = replace(data, images=broken)
    counts = VlmLearner(device="cpu").fit(spec, given, 0, tmp_path / "m", tmp_path / "c", silent).counts
    assert (counts["posts"], counts["images_unreadable"], counts["images_missing"]) == (5, 1, 1)


def test_posts_with_nothing_to_learn_are_left_out_and_counted(
    data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    empty = replace(data.train[0], post=replace(data.train[0].post, keyphrases=()))
    endless = replace(data.train[1], post=replace(data.train[1].post, keyphrases=("word " * 200,)))
    spec = replace(spec_of(Sft(), backbone_folder, epochs=1), longest_answer=60)
    given = LearningData([*data.train, empty, endless], [], images=data.images)
    counts = VlmLearner(device="cpu").fit(spec, given, 0, tmp_path / "m", tmp_path / "c", silent).counts
    assert (counts["posts"], counts["posts_left_out"]) == (5, 2)


def test_reasoning_cannot_be_learned_without_rationales(
    data: LearningData, backbone_folder: Path, tmp_path: Path
) -> None:
    bare = LearningData([replace(example, rationale=None) for example in data.train], [], images=data.images)
    with pytest.raises(WrongInput, match="mmkp teach"):
        VlmLearner(device="cpu").fit(
            spec_of(FinetuneCot(), backbone_folder), bare, 0, tmp_path / "m", tmp_path / "c", silent
        )


def test_a_spec_of_another_family_is_refused(data: LearningData, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="not from ReferenceSpec"):
        VlmLearner().fit(ReferenceSpec(), data, 0, tmp_path / "m", tmp_path / "c", silent)


@pytest.mark.parametrize(
    ("spec", "reads", "needs"),
    [
        (VlmSpec(), ("pixels",), ("image",)),
        (VlmSpec(method=ZeroShot(), backbone="org/model"), ("pixels",), ("image", "weights", "gpu")),
        (VlmSpec(method=FinetuneCot()), ("pixels", "rationales"), ("image", "teacher")),
        (VlmSpec(image_words=True), ("pixels", "ocr"), ("image",)),
        (VlmSpec(visual_words=True), ("pixels", "entities", "attributes"), ("image",)),
        (VlmSpec(modalities="image", image_words=True), ("pixels", "ocr"), ("image",)),
        (VlmSpec(modalities="text", image_words=True, visual_words=True), (), ()),
        (VlmSpec(modalities="text", method=DynamicCot()), ("rationales",), ("teacher",)),
    ],
)
def test_a_system_declares_what_it_reads_and_needs(spec: VlmSpec, reads: Any, needs: Any) -> None:
    assert VlmLearner().declare(spec) == Declaration(reads=reads, needs=needs, heads=("phrases",))


def test_the_weights_are_those_of_the_backbone_whatever_the_method(backbone_folder: Path) -> None:
    learner = VlmLearner()
    local = spec_of(Sft(), backbone_folder)
    assert learner.weights(local) == learner.weights(spec_of(DynamicCot(), backbone_folder))
    assert learner.weights(local) != learner.weights(VlmSpec())


def test_the_learner_loads_nothing_heavy_until_it_works() -> None:
    code = (
        "import sys; from mmkp_core.vlm.learner import VlmLearner; from mmkp_core.vlm.systems import VLM_SYSTEMS;"
        "[VlmLearner().declare(system.spec) for system in VLM_SYSTEMS];"
        "assert not {'torch', 'transformers', 'scipy', 'cv2', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
