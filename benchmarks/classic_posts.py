"""Posts with the vocabulary size and the lengths of the CMKP set, generated.

Words per post: quantiles 5/25/50/75/95/99 % at 10/15/23/37/55/62, 2 to 87. Keyphrases: 1 to 4 of 1 to 6 words.
"""

import numpy as np

from mmkp_core.data.post import Example, ImageFeatures, Post
from mmkp_core.seeding import generator

WORDS, LABELS, CELLS, CELL_SIZE = 45_000, 4_261, 49, 512


def cmkp_like_posts(posts: int, seed: int) -> list[Example]:
    """Every word and label is there often enough to be known; a third of the keyphrases stand in the text."""
    draw = generator(seed, "classic posts")
    lengths = np.interp(
        draw.random(posts), (0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1), (2, 10, 15, 23, 37, 55, 62, 87)
    ).astype(int)
    word_numbers = np.minimum(draw.zipf(1.1, int(lengths.sum())), WORDS) - 1
    word_numbers[:: max(1, len(word_numbers) // WORDS)] = 0
    labels = [
        " ".join(f"w{n}" for n in draw.integers(0, WORDS, size))
        for size in draw.choice(6, LABELS, p=(0.4, 0.39, 0.165, 0.033, 0.009, 0.003)) + 1
    ]
    examples, at = [], 0
    for i, length in enumerate(lengths):
        words = [f"w{n}" for n in word_numbers[at : at + length]]
        at += length
        count = draw.choice(4, p=(0.751, 0.187, 0.05, 0.012)) + 1
        keyphrases = [labels[n] for n in (draw.random(count) ** 2 * LABELS).astype(int)]
        if draw.random() < 1 / 3:
            words[-1:] = keyphrases[0].split()
        examples.append(
            Example(post=Post(post_id=str(i), text=" ".join(words), keyphrases=tuple(keyphrases), image=f"image {i}"))
        )
    return examples


def cmkp_like_images(examples: list[Example], seed: int) -> ImageFeatures:
    draw = generator(seed, "classic images")
    matrix = draw.random((len(examples), CELLS, CELL_SIZE), dtype=np.float32).astype(np.float16)
    return ImageFeatures(matrix, {f"image {i}": i for i in range(len(examples))})
