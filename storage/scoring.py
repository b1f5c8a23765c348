"""What predictions are scored against: gold phrases, and what is known of their posts."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from mmkp_core.data.post import Post
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from storage.dataset import DataSet, phrase_kinds, require_keyphrases
from storage.enrichment import examples, known_enrichment
from storage.run import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """The posts that were predicted on, and what their slices are made from."""

    posts: Sequence[Post]
    train_keyphrases: Sequence[Sequence[str]] | None
    """Of the training posts of their split; None without a split."""
    image_words: Mapping[str, str] | None
    kinds: Mapping[str, Mapping[str, str]] | None
    leaked: Set[str] | None


def words_for(predictions: Predictions, spec: EvaluateSpec) -> list[ArtifactRef]:
    """The image words that scores rest on: none, unless a phrase that stands in them counts as present."""
    if spec.present_source == "text":
        return []
    words = known_enrichment(predictions.store, ArtifactRef.parse(predictions.facts.dataset), "ocr")
    return [words] if words else []


def gold_of(predictions: Predictions, words: Sequence[ArtifactRef]) -> Gold:
    """What these predictions are scored against; `words` are the enrichments of `words_for`."""
    store, facts, split = predictions.store, predictions.facts, predictions.split
    posts = split.posts(facts.part) if split else DataSet(store, ArtifactRef.parse(facts.dataset)).posts()
    require_keyphrases(posts, "evaluated")
    train = split.posts("train") if split else []
    return Gold(
        posts=posts,
        train_keyphrases=[post.keyphrases for post in train] or None,
        image_words={e.post.post_id: e.image_words for e in examples(store, posts, words)} if words else None,
        kinds=phrase_kinds(posts),
        leaked=split.leaked(facts.part) if split else None,
    )
