"""What belongs to a run: the split it was trained on, and what its images were read with."""

from pydantic import TypeAdapter

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.ocr.spec import OcrSpec
from mmkp_core.visual.attributes import AttributeSpec
from mmkp_core.visual.features import FeatureSpec
from tasks.examples import plain
from tasks.store import open_store


def split_of(run: ArtifactRef) -> ArtifactRef:
    return ArtifactRef.parse(open_store().require(run).facts["split"])


def dataset_of(split: ArtifactRef) -> ArtifactRef:
    return ArtifactRef.parse(open_store().require(split).facts["dataset"])


def enrichment_of(run: ArtifactRef, split: ArtifactRef) -> ArtifactRef:
    """The enrichment that `run` learned from, if it is one of the split's data set."""
    store = open_store()
    enriched = ArtifactRef.parse(store.require(run).facts["enriched"])
    if store.require(enriched).facts["dataset"] == store.require(split).facts["dataset"]:
        return enriched
    return enrichment_for(split)


def enrichment_for(split: ArtifactRef) -> ArtifactRef:
    """The newest enrichment of a split's data set."""
    store = open_store()
    dataset = dataset_of(split).address
    newest = [r for r in store.records("enriched") if r.facts["dataset"] == dataset]
    if not newest:
        raise WrongInput(f"the data set of {split} has not been enriched; run `mmkp enrich` on it")
    return max(newest, key=lambda record: record.made_at).ref


def runs_on(split: ArtifactRef) -> dict[str, ArtifactRef]:
    """The runs that bear a name and were trained on a split, by name."""
    store = open_store()
    found = {
        version.name.partition("/")[2]: version.target
        for version in store.names.current()
        if version.name.startswith("run/") and store.require(version.target).facts["split"] == split.address
    }
    if not found:
        raise WrongInput(f"no run that bears a name was trained on {split}; train one with `mmkp train`")
    return found


def standard_reading() -> tuple[OcrSpec, AttributeSpec, FeatureSpec]:
    """How images are read unless somebody says otherwise."""
    return OcrSpec(), AttributeSpec(), FeatureSpec()


def reading_of(run: ArtifactRef) -> tuple[OcrSpec, AttributeSpec, FeatureSpec]:
    """How the images were read that `run` learned from; those it predicts on are read the same way."""
    store = open_store()
    spec = store.require(ArtifactRef.parse(store.require(run).facts["enriched"])).spec
    return (
        TypeAdapter(OcrSpec).validate_python(plain(spec["ocr"])),
        TypeAdapter(AttributeSpec).validate_python(plain(spec["attributes"])),
        TypeAdapter(FeatureSpec).validate_python(plain(spec["features"])),
    )
