"""The spec of a classic system, composed of parts: what is read, encoder, image side, fusion, classifier, writer."""

from typing import Annotated, Literal

from annotated_types import Ge, Le, Lt

from mmkp_core.classic.parts.classifiers import ClassifierSpec
from mmkp_core.classic.parts.encoders import EncoderSpec, GruEncoderSpec
from mmkp_core.classic.parts.fusions import FusionSpec
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.parts.matching import MatchingSpec
from mmkp_core.classic.parts.neighbours import NeighbourSpec
from mmkp_core.classic.parts.reading import ReadSpec
from mmkp_core.classic.parts.stages import StageSpec
from mmkp_core.classic.parts.topics import TopicSpec
from mmkp_core.classic.parts.writers import GruWriterSpec, WriterSpec
from mmkp_core.spec import spec
from mmkp_core.training.spec import TrainingSpec


@spec
class DecodeSpec:
    """How answers are read out of a trained system."""

    beam: Annotated[int, Ge(1), Le(100)] = 10
    """Beginnings that are followed at once."""
    steps: Annotated[int, Ge(2), Le(500)] = 6
    """Most words of what is written at once, its end sign included: of a phrase, or of all that a post has."""
    keep: Annotated[int, Ge(1), Le(50)] = 5
    """Phrases given for a post."""


@spec
class ClassicSpec:
    """A keyphrase model of parts: what it reads, how it joins text and image, what it answers with."""

    reads: ReadSpec = ReadSpec()
    """What of a post is read."""
    encoder: EncoderSpec | None = GruEncoderSpec()
    """How its words become states; none: no text is read."""
    image: ImageSpec | None = None
    """Which vectors of its image are read; none: the image is not looked at."""
    matching: MatchingSpec | None = None
    """How the image's cells are filtered by how well they go with the text; none: they are not."""
    topics: TopicSpec | None = None
    """How the topics of a post are found; none: nothing is known of them."""
    neighbours: NeighbourSpec | None = None
    """What the writer can copy of training posts; none: nothing."""
    fusion: FusionSpec | None = None
    """How what was read becomes one vector per post; without one, the writer reads the text alone."""
    classifier: ClassifierSpec | None = None
    """How one of the training phrases is chosen; needs a fusion."""
    writer: WriterSpec | None = GruWriterSpec()
    """How phrases are generated; none: the classifier alone answers."""

    words: Annotated[int, Ge(1), Le(1_000_000)] = 45_000
    """Most frequent words that are known."""
    word_size: Annotated[int, Ge(1), Le(4096)] = 200
    """Numbers per word vector."""
    word_vectors: str | None = None
    """File of word vectors to start from (GloVe, word2vec); the words that it lacks, and all words without one, start
    at random."""
    hidden: Annotated[int, Ge(2), Le(4096)] = 300
    """Numbers per state, in every part."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of numbers left out at random while training."""

    training: TrainingSpec = TrainingSpec()
    """How every stage is trained, but for what the stage says itself."""
    stages: tuple[StageSpec, ...] = (StageSpec(),)
    """Stages of training, one after another."""
    select: Literal["f1", "loss", "last"] = "f1"
    """Which epoch's weights a stage keeps: of the best F1@1 of its answers for the validation posts, of their lowest
    loss, or of the last epoch, whatever they say. A stage that learns no answers goes by its loss in place of F1@1."""
    without_validation: Literal["chosen_epochs", "all_epochs"] = "chosen_epochs"
    """Where no posts are held back to validate on: train on nine tenths, then anew on all for the epochs that were best
    there; or on all for all epochs. Where `select` is last it is always the second."""
    decoding: DecodeSpec = DecodeSpec()
    """How answers are read out."""
