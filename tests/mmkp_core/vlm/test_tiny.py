import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from mmkp_core.data.demo.facts import demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.spec import load
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vlm.settings import TINY_WEIGHTS
from mmkp_core.vlm.tiny import TinyShape, tiny_model
from mmkp_core.vlm.tiny_training import TinySpec, base_example, train_tiny

SMALL = TinySpec(
    drills=60,
    posts=100,
    shape=TinyShape(vocabulary=500, width=32, layers=1, vision_width=16, vision_layers=1, heads=2),
    training=TrainingSpec(epochs=1, batch_size=50, schedule="cosine", patience=0),
)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model.safetensors"))


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train_tiny(tmp_path / name, SMALL, seed, tmp_path / f"checkpoints-{name}", lambda progress: None)
    a, b, c = (weights_of(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)
    record = json.loads((tmp_path / "a" / "record.json").read_text())
    assert record["seed"] == 0
    assert record["spec"]["posts"] == 100


def test_building_a_model_leaves_the_global_random_numbers_alone(processor: Any) -> None:
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    tiny_model(processor, SMALL.shape, seed=4)
    assert torch.equal(torch.rand(3), wanted)


def test_the_base_learns_a_wording_of_its_own() -> None:
    """So that zero-shot answers are not what fine-tuning teaches."""
    post = next(post for post in demo_facts(DemoSpec(posts=50)) if post.kinds[0] == "icon" and not post.copied)
    example = base_example(post, 0, None)
    assert example.post.keyphrases[0] == " ".join(reversed(post.keyphrases[0].split()))
    assert example.post.text == post.text
    rationales = [base_example(each, 0, None).rationale for each in demo_facts(DemoSpec(posts=200))]
    assert 60 < sum(rationale is not None for rationale in rationales) < 140


def test_the_weights_that_ship_are_small_and_say_how_they_were_made() -> None:
    record = json.loads((TINY_WEIGHTS / "record.json").read_text())
    assert (TINY_WEIGHTS / "model.safetensors").stat().st_size < 3_000_000
    assert record["command"] == f"mmkp tiny --seed {record['seed']}"
    assert load(TinySpec, record["spec"]) == TinySpec()


def test_the_weights_that_ship_open_as_any_models_do() -> None:
    model = AutoModelForImageTextToText.from_pretrained(TINY_WEIGHTS)
    assert type(model).__name__ == "Qwen2_5_VLForConditionalGeneration"
    assert 1_000_000 < model.num_parameters() < 2_000_000
    assert AutoProcessor.from_pretrained(TINY_WEIGHTS).tokenizer.eos_token == "<|im_end|>"
