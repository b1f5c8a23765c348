"""Judges a teacher's reply by rules, in the order in which they are applied.

A reply must be the requested JSON, name the right phrases, reach each of them in its reasoning, not say that
they were given, not repeat the instructions, and not say what a post ordered the model to say. The reasoning is what a
student learns; its phrases are the post's own keyphrases in any case.
"""

import re
import unicodedata
from dataclasses import dataclass

from mmkp_core.data.post import Example
from mmkp_core.data.text import normal_form
from mmkp_core.prompts.answer import clean_phrase
from mmkp_core.prompts.fence import without_controls
from mmkp_core.prompts.teacher import LONGEST_PHRASE, MOST_PHRASES, SYSTEM
from mmkp_core.teacher.reply import Flaw, Reply, json_of
from mmkp_core.teacher.spec import TeacherSpec

SHORTEST_LEAK = 40  # letters in a row that are those of the instructions

_GIVEN = re.compile(
    r"\b(?:given|provided|supplied|listed|reference|gold|target|assigned|expected|correct)\s+"
    r"(?:key\s?phrases?|key\s?words?|hash\s?tags?|phrases|labels?|tags|answers?)\b"
    r"|\b(?:key\s?phrases?|hash\s?tags?|phrases|labels|tags|answers?)\s+"
    r"(?:(?:that\s+)?(?:were|was|are|is|have\s+been)\s+)(?:already\s+)?(?:given|provided|supplied|listed|assigned)\b"
    r"|\bsection\s+[\"'“]?keyphrases\b"
    r"|(?:给定|已给出|已给|提供|参考|标准|正确|目标)的?(?:关键短语|关键词|话题标签|标签|短语|答案)"
    r"|keyphrases\s*一节",
    re.IGNORECASE,
)
# What no post says to people: it speaks to a model, or imitates the marks of a conversation.
_ATTACK = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,60}\b(?:above|previous|prior|earlier|instructions?|rules?|prompt)"
    r"|\b(?:you\s+are\s+now|new\s+instructions?|system\s*(?:prompt|message|:)|developer\s+mode)\b"
    r"|\byour\s+(?:only\s+)?(?:answer|reply|keyphrases?|output)\s+(?:is|are|must\s+be|should\s+be|shall\s+be)\b"
    r"|^\W*(?:(?:please|now|then|only)\s+)*(?:answer|reply|respond|output|print|append)\b.{0,40}?[#\"“「:]"
    r"|\"(?:phrases|reasoning|role)\"\s*:"
    r"|[<‹][|｜]|[|｜][>›]|<<[^<>\n]{1,80}>>|[\[(]/?INST\]|[<‹]/?(?:image|think)>"
    r"|\b(?:language\s+model|llms?|a\.?i|assistant|annotators?|labell?ers?|chat\s?bots?)\b.{0,40}"
    r"\b(?:tag|label|mention|say|name|write|add|include|must|should|reading)\b"
    r"|\b(?:correct|right|expected|only|first|proper)\s+(?:key\s?phrases?|hash\s?tags?|tags?|labels?|answers?)\b"
    r"|\bkey\s?phrases?\W{0,3}(?:is|are|:|：)|^\W*(?:hash\s?tags?|answers?|labels?|output)\s*[:：]"
    r"|\bwhen(?:ever)?\s+you\s+(?:label|tag|answer|annotate|describe)\b|\b(?:list|set)\s+of\s+key\s?phrases\b"
    r"|\b(?:instructions|prompt)\s+above\b|\bnow\s+(?:say|write|answer|print|output)\b"
    r"|(?:忽略|无视|忘记).{0,20}(?:以上|上面|之前|前面|指令|要求|规则)"
    r"|(?:只|请)(?:回答|回复|输出)",
    re.IGNORECASE,
)
# What also people say; it counts beside an attack.
_ORDER = re.compile(
    r"\b(?:answer|reply|respond|output|print|write|return|say|include|add|append)\b.{0,40}?[#\"“「:]"
    r"|(?:回答|回复|输出|添加|写上).{0,12}[#＃“「\"：:]",
    re.IGNORECASE,
)
# What such sentences are made of, besides what they order.
_ORDINARY = frozenset(
    """
    above answer answers assistant annotator always append correct dear developer disregard every everything expected
    explanation first forget from have here hint ignore image include instructions kindly label language line list
    mention mode model must name note only output phrase phrases picture please post previous print prompt reading
    reasoning reply respond rules should system that them then this update user wants when with word words write your
    """.split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_MARK = re.compile(r"<<[^<>\n]{1,80}>>")
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_NAMED = (
    re.compile(r"[#＃](\w+)"),
    re.compile(r"[\"“「『']([^\"”」』'\n]{2,60})[\"”」』']"),
    re.compile(r"[:：]\s*([\w -]{2,60}?)\s*(?=[.;,!?。！？]|$)"),
)


@dataclass(frozen=True, slots=True)
class Rationale:
    """An accepted reply."""

    text: str
    phrases: tuple[str, ...]


def read_rationale(reply: Reply, example: Example, spec: TeacherSpec, fence: str) -> Rationale | Flaw:
    """The rationale in a reply, or the first rule that it breaks; `fence` is the number of the question's marks."""
    document = json_of(reply)
    if isinstance(document, Flaw):
        return document
    reasoning, phrases = document.get("reasoning"), phrases_of(document.get("phrases"))
    if not isinstance(reasoning, str) or not reasoning.strip() or phrases is None:
        return Flaw("wrong_schema", f"members {sorted(map(str, document))[:6]}", repairable=True)
    reasoning = reasoning.encode("utf-8", "replace").decode().strip()
    gold = {normal_form(phrase): phrase for phrase in gold_of(example)}
    found = {normal_form(phrase): phrase for phrase in phrases}
    if leaked := prompt_leak("\n".join((reply.text, reasoning, *phrases)), fence):
        return Flaw("prompt_leaked", leaked)
    ordered = planted_phrases(example)
    if planted := sorted(phrase for phrase in phrases if squeezed(phrase) in ordered):
        return Flaw("planted", "; ".join(planted)[:200])
    named = squeezed(reasoning)
    if planted := sorted(order for order in ordered if order in named):
        return Flaw("planted", "; ".join(planted)[:200])
    shown = spec.mode == "rationalise"
    f1 = 2 * len(gold.keys() & found.keys()) / (len(gold) + len(found))
    if f1 < (1.0 if shown else spec.accept_f1):
        return Flaw("wrong_phrases", f"F1 {f1:.2f}: {'; '.join(phrases)}"[:200], repairable=shown)
    wanted = [phrase for form, phrase in gold.items() if form in found]
    if missing := [phrase for phrase in wanted if squeezed(phrase) not in named]:
        return Flaw("not_reasoned", "; ".join(missing)[:200], repairable=shown)
    if given := _GIVEN.search(reasoning):
        return Flaw("gold_leaked", given[0], repairable=True)
    return Rationale(reasoning, phrases)


def phrases_of(value: object) -> tuple[str, ...] | None:
    """A list of short phrases; None for anything else."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_PHRASES:
        return None
    if not all(isinstance(phrase, str) and 0 < len(phrase) <= LONGEST_PHRASE for phrase in value):
        return None
    phrases = tuple(dict.fromkeys(clean_phrase(phrase.lstrip("#＃ ")) for phrase in value))
    return phrases if all(phrases) else None


def gold_of(example: Example) -> tuple[str, ...]:
    """The keyphrases as a teacher is shown them and must name them."""
    return tuple(phrase for raw in example.post.keyphrases if (phrase := clean_phrase(raw)))


def unanswerable(example: Example) -> Flaw | None:
    """Why no reply about this post could be accepted; no request is sent for such a post."""
    gold = gold_of(example)
    if not gold:
        return Flaw("no_keyphrases", "the post has no keyphrases to reason to")
    if len(gold) > MOST_PHRASES or max(map(len, gold)) > LONGEST_PHRASE:
        return Flaw("too_large", f"more than {MOST_PHRASES} keyphrases, or one of more than {LONGEST_PHRASE} letters")
    return None


def prompt_leak(reply: str, fence: str) -> str:
    """What of the question's marks or instructions stands in a reply; empty where nothing does."""
    if fence in reply:
        return "a mark of the fence"
    letters = squeezed(reply)
    for text in SYSTEM.values():
        instructions = squeezed(text)
        for at in range(0, len(instructions) - SHORTEST_LEAK, SHORTEST_LEAK // 2):
            if instructions[at : at + SHORTEST_LEAK] in letters:
                return instructions[at : at + SHORTEST_LEAK]
    return ""


def planted_phrases(example: Example) -> frozenset[str]:
    """What the post's words order a model to say, squeezed, unless the post also says it in earnest.

    In earnest: it is a keyphrase, or it stands in a sentence that gives no order. After an imitated mark of the fence
    nothing is in earnest.
    """
    words = without_controls(f"{example.post.text[:10_000]}\n{example.image_words[:10_000]}")
    mark = _MARK.search(words)
    before, after = (words[: mark.start()], words[mark.start() :]) if mark else (words, "")
    sentences = _SENTENCE.findall(before)
    if not after and not any(map(_ATTACK.search, sentences)):
        return frozenset()
    orders = [after, *(sentence for sentence in sentences if _is_order(sentence))]
    earnest = [squeezed(" ".join(sentence for sentence in sentences if not _is_order(sentence)))]
    earnest += map(squeezed, example.post.keyphrases)
    named = {squeezed(name) for order in orders for pattern in _NAMED for name in pattern.findall(order)}
    attacks = [after, *(sentence for sentence in sentences if _ATTACK.search(sentence))]
    named |= {word for attack in attacks for word in _WORD.findall(attack.lower()) if word not in _ORDINARY}
    return frozenset(name for name in named if len(name) > 3 and not any(name in text for text in earnest))


def _is_order(sentence: str) -> bool:
    return bool(_ATTACK.search(sentence) or _ORDER.search(sentence))


def squeezed(text: str) -> str:
    """Letters and digits alone: `#GameOfThrones` and "Game of Thrones" are the same."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())
