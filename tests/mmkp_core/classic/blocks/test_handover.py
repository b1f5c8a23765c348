import torch

from mmkp_core.classic.blocks.block import TextStates
from mmkp_core.classic.blocks.handover import Handover
from mmkp_core.classic.blocks.writer import Sources
from mmkp_core.classic.parts.writers import HandoverSpec
from mmkp_core.classic.texts import Vocabularies
from mmkp_core.data.vocabulary import class_vocabulary, word_vocabulary

KNOWN = Vocabularies(
    word_vocabulary([["go", "home", "vote"]], 10), class_vocabulary(["go home", "go home", "vote", "vote", "zorb"])
)  # go 6, home 7, vote 8; classes go home 1, vote 2, zorb 3, whose word is unknown


def test_the_words_of_the_best_classes_follow_those_of_the_text_each_by_its_classes_weight() -> None:
    text = TextStates(torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 4))
    sources = Sources(text, torch.zeros(1, 2, 4), None, torch.tensor([[8, 8]]))
    logits = torch.tensor([[9.0, 2.0, 2.0, -1.0]])  # class 0 never wins
    handed = Handover(HandoverSpec(classes=2), KNOWN)(sources, logits)

    assert handed.copied_BS.tolist() == [[8, 8, 6, 7, 8, 0]]
    assert handed.class_weights_BS is not None
    torch.testing.assert_close(handed.class_weights_BS, torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0.0]]))


def test_unknown_words_of_a_class_are_left_out() -> None:
    assert Handover(HandoverSpec(), KNOWN).class_words_CW.tolist() == [[0, 0], [6, 7], [8, 0], [0, 0]]
