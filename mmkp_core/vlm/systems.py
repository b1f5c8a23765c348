"""The vision-language rows of the table of systems."""

from mmkp_core.learning import System
from mmkp_core.vlm.spec import DynamicCot, FinetuneCot, Sft, VlmSpec, ZeroShot

_PAPER = "Ma et al., EMNLP 2025 (arXiv 2510.09358)"

VLM_SYSTEMS: tuple[System, ...] = (
    System(
        id="zero-shot",
        title="Zero-shot",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=ZeroShot()),
        needs=("image",),
    ),
    System(
        id="sft",
        title="SFT",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=Sft()),
        needs=("image",),
    ),
    System(
        id="finetune-cot",
        title="Fine-tune-CoT",
        family="vlm",
        kind="vision-language",
        paper=f"Ho et al., ACL 2023; as used by {_PAPER}",
        spec=VlmSpec(method=FinetuneCot()),
        needs=("image", "teacher"),
    ),
    System(
        id="dynamic-cot",
        title="Dynamic CoT",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=DynamicCot()),
        needs=("image", "teacher"),
    ),
)
