"""The model folder of a trained ensemble.

ensemble.json    the spec, how common each training keyphrase is, and the ranking
members/NAME/    the model folder of each member
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmkp_core.ensemble.ranking import Ranking
from mmkp_core.ensemble.spec import EnsembleSpec
from mmkp_core.spec import dump, load

FILE = "ensemble.json"


@dataclass(frozen=True, slots=True)
class TrainedEnsemble:
    spec: EnsembleSpec
    counts: dict[str, int]
    """How many training posts have a keyphrase, by its normal form."""
    ranking: Ranking


def member_folder(folder: Path, name: str) -> Path:
    return folder / "members" / name


def save_ensemble(folder: Path, trained: TrainedEnsemble) -> None:
    ranking = trained.ranking
    document = {
        "spec": dump(trained.spec),
        "counts": trained.counts,
        "mean": ranking.mean_F.tolist(),
        "deviation": ranking.deviation_F.tolist(),
        "weight": ranking.weight_F.tolist(),
        "bias": ranking.bias,
    }
    (folder / FILE).write_text(json.dumps(document), encoding="ascii")


def load_ensemble(folder: Path) -> TrainedEnsemble:
    document = json.loads((folder / FILE).read_text(encoding="ascii"))
    mean, deviation, weight = (np.array(document[name]) for name in ("mean", "deviation", "weight"))
    ranking = Ranking(mean, deviation, weight, document["bias"])
    return TrainedEnsemble(load(EnsembleSpec, document["spec"]), document["counts"], ranking)
