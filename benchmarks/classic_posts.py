"""Posts with the vocabulary size and the lengths of the CMKP set, generated.

Words per post: quantiles 5/25/50/75/95/99 % at 10/15/23/37/55/62, between 2 and 87. Keyphrases: 1 to 4 of 1 to 6 words,
a third of them in the text. The published set is not needed, and the real one is no larger.
"""

import numpy as np

from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.data.vocabulary import SPECIALS, UNK, Vocabulary
from mmkp_core.seeding import generator

WORDS, CLASSES, CELLS, CELL_SIZE = 45_000, 4_261, 49, 512


def cmkp_like(posts: int, seed: int = 0) -> tuple[list[Example], Vocabularies, ImageFeatures]:
    draw = generator(seed, "classic benchmark")
    words = [f"w{n}" for n in range(WORDS)]
    sizes = draw.choice(6, CLASSES, p=(0.4, 0.39, 0.165, 0.033, 0.009, 0.003)) + 1
    labels = [" ".join(words[n] for n in draw.choice(WORDS, size, replace=False)) for size in sizes]
    likely = 1 / (np.arange(WORDS) + 5) ** 1.1
    quantiles = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
    lengths = np.interp(draw.random(posts), quantiles, (2, 10, 15, 23, 37, 55, 62, 87)).astype(int)
    examples = []
    for number, length in enumerate(lengths):
        text = [words[n] for n in draw.choice(WORDS, length, p=likely / likely.sum())]
        count = draw.choice(4, p=(0.751, 0.187, 0.05, 0.012)) + 1
        chosen = [labels[n] for n in (draw.random(count) ** 2 * CLASSES).astype(int)]
        if draw.random() < 1 / 3:
            text[-len(chosen[0].split()) :] = chosen[0].split()
        post = Post(post_id=str(number), text=" ".join(text), keyphrases=tuple(chosen), image=f"image {number}")
        attributes = tuple(words[n] for n in draw.integers(0, 1000, 5))
        examples.append(Example(post=post, attributes=attributes))
    known = Vocabularies(
        Vocabulary((*SPECIALS, *words), unknown=UNK, specials=len(SPECIALS)),
        Vocabulary((SPECIALS[UNK], *labels), unknown=0, specials=1),
    )
    matrix = draw.random((posts, CELLS, CELL_SIZE), dtype=np.float32).astype(np.float16)
    return examples, known, ImageFeatures(matrix, {f"image {n}": n for n in range(posts)})
