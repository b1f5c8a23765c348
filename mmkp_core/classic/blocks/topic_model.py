"""The topic model of TMN and TOPIC: the words of a post, in no order, explained by a mixture of topics.

    x        = counts of the words, of length 1
    e        = relu(W2 relu(W1 x)) + W3 x
    mu, s    = W4 e, W5 e
    z        = mu + exp(s / 2) noise                  in prediction mu
    mixture  = z + tanh(W9 tanh(W8 tanh(W7 tanh(W6 z))))
    P(word)  = softmax(T mixture),                    T: how much each topic uses each word
    loss     = - sum counts log P - sum (1 + s - mu^2 - exp(s)) / 2 + pressure |T|

Biases are left out here. Axes: B posts, V topic words, K topics.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import AnyField, ClassicBatch
from mmkp_core.classic.blocks.block import Block, Sizes, Topics
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.fields.topic_words import TopicWordField, topic_words
from mmkp_core.classic.parts.topics import TopicSpec

UNUSED = 1e-3  # a word that a topic uses less than this it does not use


class TopicModel(Block):
    fields: ClassVar[tuple[AnyField, ...]] = (TopicWordField,)
    pressure: Tensor

    def __init__(self, spec: TopicSpec, sizes: Sizes) -> None:
        super().__init__()
        _, words = topic_words(spec, sizes.words)
        self.read = nn.Sequential(nn.Linear(words, spec.inner), nn.ReLU(), nn.Linear(spec.inner, spec.inner), nn.ReLU())
        self.shortcut = nn.Linear(words, spec.inner)
        self.mean = nn.Linear(spec.inner, spec.topics)
        self.log_variance = nn.Linear(spec.inner, spec.topics)
        self.mix = nn.Sequential(
            *(layer for _ in range(4) for layer in (nn.Linear(spec.topics, spec.topics), nn.Tanh()))
        )
        self.words = nn.Linear(spec.topics, words)
        self.sparsity = spec.sparsity
        self.posts = 1
        self.register_buffer("pressure", torch.tensor(spec.pressure))

    def prepare(self, train: FieldInputs) -> None:
        self.posts = len(train.examples)

    def forward(self, batch: ClassicBatch) -> Topics:
        counts_BV = batch[TopicWordField].counts_BV
        x_BV = nn.functional.normalize(counts_BV, dim=1)
        e_BI = self.read(x_BV) + self.shortcut(x_BV)
        mean_BK, log_variance_BK = self.mean(e_BI), self.log_variance(e_BI)
        if self.training:
            self._press(len(counts_BV))
        z_BK = mean_BK + (log_variance_BK / 2).exp() * torch.randn_like(mean_BK) if self.training else mean_BK
        mixture_BK = z_BK + self.mix(z_BK)
        unexplained = -(counts_BV * self.words(mixture_BK).log_softmax(-1)).sum()
        divergence = -0.5 * (1 + log_variance_BK - mean_BK.square() - log_variance_BK.exp()).sum()
        unsparse = len(counts_BV) * self.pressure * self.words.weight.abs().sum()
        return Topics(mixture_BK, mean_BK + self.mix(mean_BK), self.words.weight, unexplained + divergence + unsparse)

    @torch.no_grad()
    def _press(self, posts: int) -> None:
        """The pressure for the next posts; an epoch's steps together change it as one change for all would."""
        lacking = self.sparsity - (self.words.weight.abs() < UNUSED).float().mean()
        self.pressure.mul_(2.0 ** (lacking * posts / self.posts))
