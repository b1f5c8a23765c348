from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, LlavaConfig, LlavaForConditionalGeneration

from mmkp_core.errors import Unavailable
from mmkp_core.vlm.backbone import (
    Vlm,
    language_linears,
    load_backbone,
    losses_of,
    with_new_adapter,
    with_saved_adapter,
)
from mmkp_core.vlm.settings import LoraSpec
from mmkp_core.vlm.tokens import with_answers

CPU = torch.device("cpu")
TEXT = {
    "vocab_size": 64, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2,
}  # fmt: skip
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def llava() -> Any:
    return LlavaForConditionalGeneration(
        LlavaConfig(
            text_config={"model_type": "llama", **TEXT},
            vision_config={"model_type": "clip_vision_model", **VISION},
            image_token_id=5,
        )
    )


def idefics() -> Any:
    return Idefics3ForConditionalGeneration(
        Idefics3Config(
            text_config={"model_type": "llama", "pad_token_id": 0, **TEXT}, vision_config=VISION, image_token_id=5
        )
    )


@pytest.mark.parametrize("build", [llava, idefics])
def test_the_adapter_sits_on_every_linear_layer_of_the_language_model_of_any_family(build: Any) -> None:
    names = language_linears(build())
    assert len(names) == 2 * 7  # two layers: q, k, v, o, gate, up, down
    assert not [name for name in names if "vision" in name or "lm_head" in name or "projector" in name]


def test_only_the_adapter_trains_and_at_first_it_changes_nothing(student: Any, processor: Any) -> None:
    part = student.batch(range(5)).parts[0]
    bare = Vlm(student.vlm.model.unload(), processor)
    batch, images = with_answers(part.prompts, part.bare), bare.encode_images(part.prompts.pictures)
    before, _ = losses_of(bare.model.eval(), batch, images)
    adapted = with_new_adapter(bare, LoraSpec(rank=4), seed=0)
    after, _ = losses_of(adapted.model.eval(), batch, images)
    assert torch.equal(before, after)
    trained = [name for name, parameter in adapted.model.named_parameters() if parameter.requires_grad]
    assert trained
    assert all("lora_" in name and "visual" not in name for name in trained)


def test_the_same_seed_gives_the_same_adapter_whatever_was_drawn_before(processor: Any, student: Any) -> None:
    def drawn(noise: int) -> torch.Tensor:
        torch.manual_seed(noise)
        model = with_new_adapter(Vlm(student.vlm.model.unload(), processor), LoraSpec(rank=4), seed=9).model
        found: torch.Tensor = next(p for n, p in model.named_parameters() if "lora_A" in n)
        return found.detach().clone()

    assert torch.equal(drawn(1), drawn(2))


def test_pictures_encoded_first_give_the_losses_of_pictures_encoded_on_the_way(student: Any) -> None:
    """The features handed in are those that the model would have made itself."""
    part = student.batch([0, 1, 3]).parts[0]
    batch = with_answers(part.prompts, part.bare)
    model = student.vlm.model.eval()
    once, _ = losses_of(model, batch, student.vlm.encode_images(part.prompts.pictures))
    logits = model(**batch.inputs, **part.prompts.pictures, logits_to_keep=batch.kept).logits[:, :-1].log_softmax(-1)
    target = batch.inputs["input_ids"][:, -batch.kept + 1 :]
    losses = -logits.gather(2, target[..., None])[..., 0]
    torch.testing.assert_close(once, (losses * batch.loss_BL[:, -batch.kept + 1 :]).sum(1), rtol=1e-4, atol=1e-4)


def test_weights_that_are_not_there_are_an_instruction() -> None:
    with pytest.raises(Unavailable, match=r"hf download nobody/no-such-model"):
        load_backbone("nobody/no-such-model", "", device=CPU, dtype=torch.float32, download=False)


def test_a_folder_is_a_backbone_and_a_saved_adapter_comes_back(
    student: Any, backbone_folder: Path, tmp_path: Path
) -> None:
    student.vlm.model.save_pretrained(str(tmp_path / "adapter"))
    loaded = load_backbone(str(backbone_folder), "", device=CPU, dtype=torch.float32, download=False)
    back = with_saved_adapter(loaded, tmp_path / "adapter")
    part = student.batch(range(5)).parts[0]
    batch = with_answers(part.prompts, part.bare)
    here, _ = losses_of(student.vlm.model.eval(), batch, student.vlm.encode_images(part.prompts.pictures))
    there, _ = losses_of(back.model, batch, back.encode_images(part.prompts.pictures))
    assert torch.equal(here, there)
