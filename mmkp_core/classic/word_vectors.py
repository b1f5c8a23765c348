"""Word vectors from a file of the user's: GloVe's text, word2vec's text or word2vec's binary format, plain or gzipped.

Only the vectors of known words are kept; the others are passed over as the file is read.
"""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmkp_core.data.vocabulary import Vocabulary
from mmkp_core.errors import Unavailable, WrongInput

GZIP = b"\x1f\x8b"
BINARY = (".bin", ".bin.gz")
Floats = npt.NDArray[np.float32]

WordVectors = dict[int, Floats]
"""By the number of the word."""


def read_word_vectors(path: Path, known: Vocabulary, size: int) -> WordVectors:
    """The vectors of known words; of a word that stands twice, the first."""
    found: WordVectors = {}
    with _open(path) as file:
        vectors = _binary(file, path, known) if path.name.endswith(BINARY) else _text(file, path, known)
        for number, vector in vectors:
            if len(vector) != size:
                raise WrongInput(f"the word vectors in {path} have {len(vector)} numbers: set word_size={len(vector)}")
            found.setdefault(number, vector)
    return found


def require_file(path: Path) -> Path:
    if not path.is_file():
        raise Unavailable(
            f"there is no file of word vectors {path}; the papers' choice is glove.twitter.27B.200d.txt of "
            "https://nlp.stanford.edu/projects/glove, or leave word_vectors out to learn them from the posts alone"
        )
    return path


def _open(path: Path) -> BinaryIO:
    file = require_file(path).open("rb")
    if file.peek(2)[:2] != GZIP:
        return file
    return io.BufferedReader(gzip.GzipFile(fileobj=file))


def _text(file: BinaryIO, path: Path, known: Vocabulary) -> Iterator[tuple[int, Floats]]:
    """A line is a word and its numbers; a first line of two whole numbers is word2vec's head."""
    size = None
    for place, line in enumerate(file, start=1):
        word, _, rest = line.rstrip().partition(b" ")
        if place == 1 and word.isdigit() and rest.isdigit():
            size = int(rest)
            continue
        size = size or rest.count(b" ") + 1
        number = known.numbers.get(word.decode("utf-8", "replace"))
        if number is None or rest.count(b" ") + 1 != size:  # some words of large files hold blanks themselves
            continue
        try:
            yield number, np.array(rest.split(b" "), dtype=np.float32)
        except ValueError as problem:
            raise WrongInput(f"{path}, line {place}: not a word and its numbers ({problem})") from problem


def _binary(file: BinaryIO, path: Path, known: Vocabulary) -> Iterator[tuple[int, Floats]]:
    head = file.readline(64).split()
    if len(head) != 2 or not all(part.isdigit() for part in head):
        raise WrongInput(f"{path} does not begin with how many words it has and of how many numbers, as word2vec's do")
    words, size = map(int, head)
    for _ in range(words):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            word += byte
        row = file.read(4 * size)
        if len(row) < 4 * size:
            raise WrongInput(f"{path} ends before its {words} words; fetch it again")
        number = known.numbers.get(word.decode("utf-8", "replace").lstrip("\n"))
        if number is not None:
            yield number, np.frombuffer(row, dtype="<f4").astype(np.float32)
