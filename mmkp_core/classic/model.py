"""What does a classic system compute? A reader, an optional fusion and classifier, and a writer.

Axes: B posts, L words, N phrases, T steps, M words to be written, P cells, D numbers per cell, C classes,
K best classes, W words of a class, H hidden, E word size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mmkp_core.classic.batch import ClassicBatch
from mmkp_core.classic.blocks.decoder import Decoder, Sources
from mmkp_core.classic.blocks.fusion import Fusion, Modalities
from mmkp_core.classic.blocks.gru import BiGru
from mmkp_core.data.vocabulary import PAD


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch as it was read."""

    sources: Sources
    start_BH: Tensor
    class_logits_BC: Tensor | None
    word_TNE: Tensor
    """What the decoder reads while training."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Sums of negative log-likelihoods, and over how many."""

    generation: Tensor
    words: int
    classification: Tensor | None
    phrases: int


class KeyphraseModel(nn.Module):
    image_mean_D: Tensor
    image_deviation_D: Tensor
    class_words_CW: Tensor

    def __init__(
        self,
        embedding: nn.Embedding,
        encoder: BiGru,
        fusion: Fusion | None,
        classifier: nn.Linear | None,
        decoder: Decoder,
        *,
        cell_size: int,
        class_words_CW: Tensor,
        handover_classes: int,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.fusion = fusion
        self.classifier = classifier
        self.decoder = decoder
        self.handover_classes = handover_classes
        self.register_buffer("image_mean_D", torch.zeros(cell_size))
        self.register_buffer("image_deviation_D", torch.ones(cell_size))
        self.register_buffer("class_words_CW", class_words_CW)

    def forward(self, batch: ClassicBatch, handover: bool) -> Losses:
        """Losses of a batch's phrases; `handover` lets the generator copy from the classifier."""
        encoded = self.encode(batch)
        sources = self.with_handover(encoded) if handover else encoded.sources
        start_NH = encoded.start_BH.index_select(0, batch.post_N)
        state_TNH = self.decoder.gru(encoded.word_TNE, start_NH, batch.phrase_lengths)
        post_M = batch.post_M
        state_MH = state_TNH.flatten(0, 1).index_select(0, batch.place_M)
        word_ME = encoded.word_TNE.flatten(0, 1).index_select(0, batch.place_M)
        written = self.decoder.write(sources, state_MH, word_ME, post_M)
        generation = -self.decoder.log_likelihood(sources, written, batch.target_M, post_M).sum()
        classification = None
        if encoded.class_logits_BC is not None:
            logits_NC = encoded.class_logits_BC.index_select(0, batch.post_N)
            classification = nn.functional.cross_entropy(logits_NC, batch.class_N, ignore_index=0, reduction="sum")
        return Losses(generation, len(batch.target_M), classification, int((batch.class_N > 0).sum()))

    def encode(self, batch: ClassicBatch) -> Encoded:
        # one look-up for all three: a second one would be a second gradient as large as the table
        read = [batch.words_LB, batch.read_TN, batch.attributes_BA]
        numbers = torch.cat([part.flatten() for part in read])
        parts = self.embedding(numbers).split([part.numel() for part in read])
        word_LBE, word_TNE, word_BAE = (v.unflatten(0, part.shape) for v, part in zip(parts, read, strict=True))
        state_LBH, start_BH = self.encoder(word_LBE, batch.lengths)
        text_BLH = state_LBH.transpose(0, 1).contiguous()
        fused_BH = class_logits_BC = None
        if self.fusion is not None:
            fused_BH = self.fusion(
                Modalities(
                    text_BLH,
                    batch.text_there_BL,
                    self._standardised(batch),
                    batch.image_there_B,
                    word_BAE,
                    batch.attributes_there_BA,
                )
            )
            if self.classifier is not None:
                class_logits_BC = self.classifier(fused_BH)
        sources = self.decoder.sources(text_BLH, batch.text_there_BL, fused_BH, batch.copied_BL)
        return Encoded(sources, start_BH, class_logits_BC, word_TNE)

    def with_handover(self, encoded: Encoded) -> Sources:
        """The sources with the words of the classifier's best classes among what can be copied."""
        if encoded.class_logits_BC is None:
            raise TypeError("a model without a classifier has nothing to hand over")
        logits_BC = encoded.class_logits_BC.detach()[:, 1:]  # class 0 stands for any other phrase
        best = logits_BC.topk(min(self.handover_classes, logits_BC.shape[1]), dim=1)
        words_BKW = self.class_words_CW[best.indices + 1]
        blank_BS = (words_BKW == PAD).flatten(1)
        logits_BS = best.values.unsqueeze(-1).expand_as(words_BKW).flatten(1)
        weights_BS = logits_BS.masked_fill(blank_BS, torch.finfo(logits_BS.dtype).min).softmax(-1) * ~blank_BS
        copied_BS = torch.cat((encoded.sources.copied_BS, words_BKW.flatten(1)), dim=1)
        return replace(encoded.sources, copied_BS=copied_BS, class_weights_BS=weights_BS)

    def freeze_reader(self) -> None:
        """What is read and classified stays as it is; what is written can still be trained."""
        for part in (self.embedding, self.encoder, self.fusion, self.classifier):
            if part is not None:
                part.requires_grad_(False)

    def reader_eval(self) -> None:
        for part in (self.embedding, self.encoder, self.fusion, self.classifier):
            if part is not None:
                part.eval()

    def _standardised(self, batch: ClassicBatch) -> Tensor:
        image_BPD = (batch.image_BPD - self.image_mean_D) / self.image_deviation_D
        return image_BPD * batch.image_there_B[:, None, None]
