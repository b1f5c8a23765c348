import json

import pytest

from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.learning import System
from mmkp_core.spec import changed, dump, has_setting, load, walk

M3H_ATT = next(row.spec for row in CLASSIC_SYSTEMS if row.id == "m3h-att")


@pytest.mark.parametrize("row", CLASSIC_SYSTEMS, ids=lambda row: row.id)
def test_a_row_comes_back_from_json_as_it_was(row: System) -> None:
    assert load(ClassicSpec, json.loads(json.dumps(dump(row.spec)))) == row.spec


@pytest.mark.parametrize("row", CLASSIC_SYSTEMS, ids=lambda row: row.id)
def test_the_training_of_every_system_is_set_by_the_same_path(row: System) -> None:
    assert changed(row.spec, {"training.epochs": 3}).training.epochs == 3


def test_a_stage_is_trained_as_training_says_but_for_what_it_says_itself() -> None:
    spec = changed(M3H_ATT, {"training.epochs": 3, "training.clip": 1.0, "stages.handover.epochs": 2})
    phrases, handover = (stage.settings(spec.training) for stage in spec.stages)

    assert (phrases.epochs, phrases.clip, phrases.learning_rate) == (3, 1.0, 1e-3)
    assert (handover.epochs, handover.clip, handover.learning_rate) == (2, 1.0, 1e-4)


def test_a_part_is_put_in_anothers_place_by_its_kind() -> None:
    spec = changed(M3H_ATT, {"fusion.kind": "image_asks_text", "fusion.heads": 2, "writer.handover": None})

    assert (spec.fusion.kind, spec.fusion.heads, spec.writer.handover) == ("image_asks_text", 2, None)
    assert changed(ClassicSpec(), {"classifier.kind": "linear"}).classifier.kind == "linear"
    with pytest.raises(UnknownName, match="did you mean 'image_mean'"):
        changed(M3H_ATT, {"fusion.kind": "image_men"})


def test_the_settings_of_stages_go_by_the_stages_names() -> None:
    paths = [path for path, _, _ in walk(M3H_ATT)]

    assert "stages.handover.learning_rate" in paths
    assert has_setting(M3H_ATT, "stages.handover.objective.kind")
    assert not has_setting(ClassicSpec(), "stages.handover.epochs")
    with pytest.raises(UnknownName, match="'handover'"):
        changed(M3H_ATT, {"stages.hanover.epochs": 1})
    with pytest.raises(WrongInput, match=r"as in 'stages\.handover\.name'"):
        changed(M3H_ATT, {"stages.handover": 3})
