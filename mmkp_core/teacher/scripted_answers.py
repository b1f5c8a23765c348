"""Answers of the scripted teacher: for generated posts what their generator knows, else what the question holds.

It reads the questions that `prompts` writes and nothing else: it looks at no picture, and no statement about a real
teacher follows from its answers.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from mmkp_core.prompts.answer import parse_phrases
from mmkp_core.seeding import python_generator
from mmkp_core.teacher.acceptance import squeezed

_MARK = re.compile(r"^<<([0-9a-f]{8,64}) ([a-z ]+)>>$", re.MULTILINE)
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Fact:
    """What the generator knows of one post."""

    text: str
    phrases: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Parallel to `phrases`: what each follows from, as a clause: `the text says "chess"`."""
    shown: str = ""
    """What the picture shows; empty where there is none."""
    image: str = ""
    """SHA-256 of the picture's bytes."""


class Facts:
    """Facts by the words of a post and by its picture."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._by_text: dict[str, list[Fact]] = {}
        self._by_image: dict[str, Fact] = {}
        self._phrases: list[str] = []
        for fact in facts:
            self._by_text.setdefault(squeezed(fact.text), []).append(fact)
            if fact.image:
                self._by_image.setdefault(fact.image[:16], fact)
            self._phrases.extend(fact.phrases)

    def of_post(self, text: str, picture: str) -> Fact | None:
        """Posts may share their words; the picture tells them apart."""
        same = self._by_text.get(squeezed(text), [])
        return next((fact for fact in same if picture and fact.image.startswith(picture)), same[0] if same else None)

    def of_picture(self, picture: str) -> Fact | None:
        return self._by_image.get(picture)

    def other_phrase(self, draw: float) -> str:
        return self._phrases[int(draw * len(self._phrases))] if self._phrases else "something else"


def facts_in(folder: Path) -> Facts:
    """The facts of a written demo: `posts.jsonl`, `facts.jsonl` and `images/`."""
    texts = {post["post_id"]: post["text"] for post in _rows(folder / "posts.jsonl")}
    hashes: dict[str, str] = {}
    facts = []
    for row in _rows(folder / "facts.jsonl"):
        name = row.get("image") or ""
        path = folder / "images" / name
        if name and name not in hashes:
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        facts.append(
            Fact(
                text=texts[row["post_id"]],
                phrases=tuple(row["keyphrases"]),
                evidence=tuple(row["evidence"]),
                shown=row.get("shown") or "",
                image=hashes.get(name, ""),
            )
        )
    return Facts(facts)


def answer_to(messages: Sequence[Mapping[str, Any]], facts: Facts, wrong: float, seed: int) -> dict[str, Any]:
    """The JSON that answers a conversation; a share `wrong` of the answers without shown keyphrases is not right."""
    system, question = str(messages[0]["content"]), text_of(messages[1])
    sections = sections_of(question)
    chinese = bool(_CHINESE.search(system))
    picture = sections.get("picture", "")
    draw = python_generator(seed, "scripted", question)
    astray = draw.random() < wrong
    if '"entities"' in system:
        fact = facts.of_picture(picture)
        shown = re.sub(r"^an? ", "", fact.shown) if fact else ""
        names = [facts.other_phrase(draw.random())] if astray else [shown] if shown else []
        return {"entities": [{"name": name, "score": round(0.9 - 0.1 * rank, 2)} for rank, name in enumerate(names)]}
    fact = facts.of_post(sections.get("text", ""), picture)
    if "keyphrases" in sections:
        phrases = list(parse_phrases(sections["keyphrases"]))
    elif fact:
        phrases = list(fact.phrases)
    else:
        words = sorted(set(re.findall(r"[^\W\d_]{4,}", sections.get("text", "").lower())), key=lambda w: (-len(w), w))
        phrases = words[:2] or ["post"]
    if astray and "keyphrases" not in sections:
        phrases = [facts.other_phrase(draw.random()), *phrases[1:]]
    return {"reasoning": _reasoning(phrases, fact, chinese), "phrases": phrases}


def obedient(answer: dict[str, Any], messages: Sequence[Mapping[str, Any]], phrase: str) -> dict[str, Any]:
    """An answer that also names `phrase` where the post's words do: in its reasoning, and among its phrases where none
    are shown."""
    sections = sections_of(text_of(messages[1]))
    if phrase not in sections.get("text", "") or "reasoning" not in answer:
        return answer
    shown = "keyphrases" in sections
    return {
        "reasoning": f"{answer['reasoning']} The post is also about {phrase}.",
        "phrases": answer["phrases"] if shown else [*answer["phrases"], phrase],
    }


def sections_of(text: str) -> dict[str, str]:
    """The sections of a fenced question by name."""
    marks = list(_MARK.finditer(text))
    if not marks:
        return {}
    marks = [mark for mark in marks if mark[1] == marks[0][1]]  # the first is ours; a post may hold others
    return {mark[2]: text[mark.end() : after.start()].strip("\n") for mark, after in pairwise(marks)}


def text_of(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _reasoning(phrases: Sequence[str], fact: Fact | None, chinese: bool) -> str:
    known = dict(zip(fact.phrases, fact.evidence, strict=False)) if fact else {}
    sentences = []
    for phrase in phrases:
        if chinese:
            why = f"依据是 {known[phrase]}" if phrase in known else "帖子的文字和图片与此有关"
            sentences.append(f"{why}，因此适合用“{phrase}”。")
        else:
            why = known.get(phrase, "the words and the picture of the post belong to one theme")
            sentences.append(f"{why[:1].upper()}{why[1:]}, which leads to {phrase}.")
    return ("" if chinese else " ").join(sentences)


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)
