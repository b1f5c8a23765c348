"""What does a trained classic system consist of?

spec.json               what was trained
vocabulary.json         words, classes, and how many numbers a cell of an image has
model.safetensors       the finished weights
generator.safetensors   with a hand-over: the decoder as it was before it, for the head of that name
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from mmkp_core.classic.batch import Vocabularies
from mmkp_core.classic.blocks.decoder import Decoder
from mmkp_core.classic.build import build_model
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import ClassicSpec, DecodeSpec
from mmkp_core.data.vocabulary import SPECIALS, UNK, Vocabulary
from mmkp_core.training.checkpoint import put_tensors
from mmkp_core.training.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class TrainedModel:
    spec: ClassicSpec
    known: Vocabularies
    cell_size: int
    network: KeyphraseModel
    generator: Decoder | None
    """The decoder before the hand-over."""


def save_model(
    folder: Path,
    spec: ClassicSpec,
    known: Vocabularies,
    cell_size: int,
    network: KeyphraseModel,
    generator: Mapping[str, Tensor] | None,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "spec.json", asdict(spec))
    vocabulary = {
        "words": known.words.words[known.words.specials :],
        "classes": known.classes.words[known.classes.specials :],
        "cell_size": cell_size,
    }
    _write(folder / "vocabulary.json", vocabulary)
    save_file({name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}, folder / _WEIGHTS)
    if generator is not None:
        save_file(dict(generator), folder / _GENERATOR)


def load_model(folder: Path) -> TrainedModel:
    raw: dict[str, Any] = json.loads((folder / "spec.json").read_text(encoding="ascii"))
    nested: dict[str, Any] = {
        "training": TrainingSpec(**raw.pop("training")),
        "handover_training": TrainingSpec(**raw.pop("handover_training")),
        "decoding": DecodeSpec(**raw.pop("decoding")),
    }
    spec = ClassicSpec(**raw, **nested)
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="ascii"))
    known = Vocabularies(
        Vocabulary((*SPECIALS, *vocabulary["words"]), unknown=UNK, specials=len(SPECIALS)),
        Vocabulary((SPECIALS[UNK], *vocabulary["classes"]), unknown=0, specials=1),
    )
    network = build_model(spec, known, vocabulary["cell_size"])
    put_tensors(network, load_file(folder / _WEIGHTS))
    generator = None
    if (folder / _GENERATOR).exists():
        generator = copy.deepcopy(network.decoder)
        put_tensors(generator, load_file(folder / _GENERATOR))
        generator.eval()
    network.eval()
    return TrainedModel(spec, known, vocabulary["cell_size"], network, generator)


_WEIGHTS, _GENERATOR = "model.safetensors", "generator.safetensors"


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="ascii")  # lone surrogates in words survive as escapes
