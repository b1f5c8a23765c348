"""The model folder of a trained classic system.

spec.json               what was trained
vocabulary.json         words, classes, and how many numbers a cell of an image has
model.safetensors       the finished weights
generator.safetensors   where a stage keeps the writer: its weights before that stage, for the head of that name
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mmkp_core.classic.blocks.writer import Writer
from mmkp_core.classic.build import build_model
from mmkp_core.classic.memory import Memory
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import SPECIALS, UNK, Vocabulary
from mmkp_core.spec import dump, load
from mmkp_core.training.checkpoint import put_tensors


@dataclass(frozen=True, slots=True)
class TrainedModel:
    spec: ClassicSpec
    known: Vocabularies
    cell_numbers: int
    network: KeyphraseModel
    generator: Writer[Any] | None
    """The writer that answers under the head `generator` or `phrases`."""


def save_model(
    folder: Path,
    spec: ClassicSpec,
    known: Vocabularies,
    cell_numbers: int,
    network: KeyphraseModel,
    generator: Mapping[str, Tensor] | None,
) -> None:
    """`generator` holds the weights of a writer that was kept before a later stage."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "spec.json", dump(spec))
    vocabulary = {
        "words": known.words.words[known.words.specials :],
        "classes": known.classes.words[known.classes.specials :],
        "tokens": sorted(known.tokens),
        "cell_numbers": cell_numbers,
    }
    _write(folder / "vocabulary.json", vocabulary)
    if known.memory is not None:
        _save_memory(folder, known.memory)
    save_file({name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}, folder / _WEIGHTS)
    if generator is not None:
        save_file(dict(generator), folder / _GENERATOR)


def load_model(folder: Path) -> TrainedModel:
    spec = load(ClassicSpec, json.loads((folder / "spec.json").read_text(encoding="ascii")))
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="ascii"))
    known = Vocabularies(
        Vocabulary((*SPECIALS, *vocabulary["words"]), unknown=UNK, specials=len(SPECIALS)),
        Vocabulary((SPECIALS[UNK], *vocabulary["classes"]), unknown=0, specials=1),
        frozenset(vocabulary["tokens"]),
        _load_memory(folder),
    )
    network = build_model(spec, known, vocabulary["cell_numbers"])
    put_tensors(network, load_file(folder / _WEIGHTS))
    generator = network.writer
    if (folder / _GENERATOR).exists() and generator is not None:
        generator = copy.deepcopy(generator)
        put_tensors(generator, load_file(folder / _GENERATOR))
        generator.eval()
    network.eval()
    return TrainedModel(spec, known, vocabulary["cell_numbers"], network, generator)


_WEIGHTS, _GENERATOR = "model.safetensors", "generator.safetensors"
_MEMORY, _VECTORS = "memory.json", "memory.safetensors"


def _save_memory(folder: Path, memory: Memory) -> None:
    _write(folder / _MEMORY, {"post_ids": memory.post_ids, "texts": memory.texts, "phrases": memory.phrases})
    if memory.vectors_PD is not None:
        save_file({"vectors_PD": torch.from_numpy(memory.vectors_PD)}, folder / _VECTORS)


def _load_memory(folder: Path) -> Memory | None:
    if not (folder / _MEMORY).exists():
        return None
    kept = json.loads((folder / _MEMORY).read_text(encoding="ascii"))
    vectors = load_file(folder / _VECTORS)["vectors_PD"].numpy() if (folder / _VECTORS).exists() else None
    phrases = [[tuple(words) for words in found] for found in kept["phrases"]]
    return Memory(kept["post_ids"], kept["texts"], phrases, vectors)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="ascii")  # lone surrogates in words survive as escapes
