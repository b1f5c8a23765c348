import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from mmkp_core.classic.learner import ClassicLearner
from mmkp_core.classic.word_vectors import read_word_vectors
from mmkp_core.data.vocabulary import word_vocabulary
from mmkp_core.errors import Unavailable, WrongInput
from mmkp_core.identity import sha256_of
from mmkp_core.learning import LearningData
from tests.mmkp_core.classic.small import posts, silent, small

KNOWN = word_vocabulary([["go", "night", "caf\u00e9", "rare"]], 9)
NUMBER = KNOWN.numbers
TEXT = "<unk> 9 9\nnight 0.5 -1\nof the 3 3\ncaf\u00e9 2 3\nnight 7 7\nelse 1 1\n"
EXPECTED = {NUMBER["night"]: [0.5, -1.0], NUMBER["caf\u00e9"]: [2.0, 3.0]}


def binary(vectors: dict[str, list[float]]) -> bytes:
    head = f"{len(vectors)} {len(next(iter(vectors.values())))}\n".encode()
    rows = [word.encode() + b" " + np.array(v, dtype="<f4").tobytes() + b"\n" for word, v in vectors.items()]
    return head + b"".join(rows)


def read(path: Path, size: int = 2) -> dict[int, list[float]]:
    return {number: vector.tolist() for number, vector in read_word_vectors(path, KNOWN, size).items()}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("glove.txt", TEXT.encode()),
        ("glove.txt.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("unnamed", gzip.compress(TEXT.encode(), mtime=0)),
        ("word2vec.txt", b"5 2\n" + TEXT.encode()),
        ("word2vec.bin", binary({"night": [0.5, -1.0], "else": [1.0, 1.0], "caf\u00e9": [2.0, 3.0]})),
        ("word2vec.bin.gz", gzip.compress(binary({"night": [0.5, -1.0], "caf\u00e9": [2.0, 3.0]}), mtime=0)),
    ],
)
def test_the_vectors_of_known_words_are_read_from_every_format(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    assert read(path) == EXPECTED


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3), min_size=4, max_size=4))
def test_the_binary_format_gives_back_any_numbers(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    path = tmp_path_factory.mktemp("vectors") / "v.bin"
    path.write_bytes(binary(dict(zip(NUMBER, rows, strict=True))))

    assert read(path, size=3) == dict(zip(NUMBER.values(), rows, strict=True))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("glove.txt", TEXT.encode(), "have 2 numbers: set word_size=2"),
        ("broken.txt", b"night 1 2 x\n", "line 1: not a word and its numbers"),
        ("cut.bin", binary({"night": [1.0, 2.0, 3.0]})[:-6], "ends before its 1 words"),
        ("text.bin", TEXT.encode(), "does not begin with how many words"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_what_to_change(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(WrongInput, match=message):
        read(path, size=3)


def test_a_file_that_is_not_there_is_missed_before_anything_is_trained(tmp_path: Path) -> None:
    spec = small("copy", word_vectors=str(tmp_path / "glove.txt"))

    with pytest.raises(Unavailable, match=r"no file of word vectors .*glove\.twitter\.27B\.200d\.txt"):
        ClassicLearner().weights(spec)


def test_training_starts_from_the_given_vectors_and_counts_them(tmp_path: Path) -> None:
    """With a learning rate of next to nothing they are still there at the end."""
    path = tmp_path / "glove.txt"
    path.write_text("word1 " + " ".join(["0.25"] * 12) + "\nelsewhere " + " ".join(["1"] * 12), encoding="utf-8")
    examples, _ = posts(20)
    spec = small("copy", word_vectors=str(path), training__learning_rate=1e-12)
    learned = ClassicLearner().fit(spec, LearningData(examples, []), 0, tmp_path / "model", tmp_path / "work", silent)
    rows = load_file(tmp_path / "model/model.safetensors")["embedding.weight"]

    assert learned.counts["words_with_given_vector"] == 1
    assert [row for row in rows.tolist() if np.allclose(row, 0.25)] != []
    assert ClassicLearner().weights(spec) == sha256_of(path)
    assert ClassicLearner().weights(small("copy")) == ""
