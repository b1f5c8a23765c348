"""Examples with the answers of the last systems, drawn the same every time."""

from dataclasses import replace

from mmkp_core.report.entrants import entrants
from mmkp_core.report.sections.examples import cards
from tests.fixtures.fake_material import OTHER, POSTS, scored, split, written


def test_a_card_holds_gold_phrases_and_what_each_system_predicts() -> None:
    thinks = replace(scored(60, system=OTHER), predictions=lambda: written({"7": ("it is a plant", 9)}))
    of_split = split(scored(0), thinks)
    found = {card.post_id: card for card in cards(of_split, entrants(of_split.runs), "test")}
    assert len(found) == len(POSTS)
    card = found["7"]
    assert [(gold.phrase, gold.present, gold.seen, gold.kind) for gold in card.gold] == [
        ("football", True, True, "thing"), ("topic 1", False, False, "topic"),
    ]  # fmt: skip
    assert [[(guess.phrase, guess.right) for guess in answer.guesses] for answer in card.answers] == [
        [("wrong", False), ("topic 1", True)],
        [("football", True), ("topic 1", True)],
    ]
    assert [answer.reasoning for answer in card.answers] == ["", "it is a plant"]
    assert (card.image_words, card.part, card.thumbnail) == ("NOW", "test", b"")


def test_only_so_many_posts_and_five_systems_are_shown() -> None:
    of_split = split(*(scored(n, system=replace(OTHER, id=str(n), title=str(n))) for n in range(7)))
    found = list(cards(of_split, entrants(of_split.runs), "test", most=4))
    assert len(found) == 4
    assert [answer.system for answer in found[0].answers] == ["2", "3", "4", "5", "6"]
