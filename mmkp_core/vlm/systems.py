"""The vision-language rows of the table of systems."""

from mmkp_core.learning import System
from mmkp_core.vlm.methods.dynamic_cot import DynamicCot
from mmkp_core.vlm.methods.finetune_cot import FinetuneCot
from mmkp_core.vlm.methods.sft import Sft
from mmkp_core.vlm.methods.zero_shot import ZeroShot
from mmkp_core.vlm.spec import VlmSpec

_PAPER = "Ma et al., EMNLP 2025 (arXiv 2510.09358)"

VLM_SYSTEMS: tuple[System, ...] = (
    System(
        id="zero-shot",
        title="Zero-shot",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=ZeroShot()),
    ),
    System(
        id="sft",
        title="SFT",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=Sft()),
    ),
    System(
        id="finetune-cot",
        title="Fine-tune-CoT",
        family="vlm",
        kind="vision-language",
        paper=f"Ho et al., ACL 2023; as used by {_PAPER}",
        spec=VlmSpec(method=FinetuneCot()),
    ),
    System(
        id="dynamic-cot",
        title="Dynamic CoT",
        family="vlm",
        kind="vision-language",
        paper=_PAPER,
        spec=VlmSpec(method=DynamicCot()),
    ),
)
