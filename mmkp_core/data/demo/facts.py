"""Generates posts by their number: words, picture, phrases and where each phrase can be found.

Everything of a post comes from (seed, number), so a batch streams in constant memory and the number of a copy says
which post it copies. Kinds of phrases:

    text     its words are in the text
    slogan   its words are painted in the image and nowhere else
    icon     colour and shape of what is drawn: "red star"
    topic    named nowhere; two or three words of the text belong to it
    both     the shape is drawn, the event is in the text: "star sale"
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from mmkp_core.data.demo import words
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.seeding import python_generator

Kind = Literal["text", "slogan", "icon", "topic", "both"]
KINDS: tuple[Kind, ...] = ("text", "slogan", "icon", "topic", "both")
Copied = Literal["", "near", "exact"]
Fault = Literal["", "missing", "truncated", "html"]

# The leading phrase's kind: a quarter needs the drawn icon alone, and text, slogans and topics keep enough posts each.
LEADING: dict[Kind, float] = {"text": 0.32, "slogan": 0.16, "icon": 0.26, "topic": 0.16, "both": 0.10}
PHRASE_COUNTS = {1: 0.62, 2: 0.26, 3: 0.09, 4: 0.03}

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=200)  # 1,200 posts are five and a half months
SPAN = timedelta(days=730)  # a larger batch is set closer, so that dates stay plausible

# Untidiness stands at set places, so that a batch of a given size always has the same share of it. What ingest turns
# away (no words left, a broken image) is three posts in six hundred, under the one per cent at which it stops.
OTHER_SCRIPT = {61: "zh", 121: "ar", 181: "ru"}  # of every 240
MISSING_IMAGE = 150  # of every 400
EMOJI_ONLY, TRUNCATED, HTML = 237, 391, 545  # of every 600
NEAR_COPY = 39  # of every 40
EXACT_COPY = 99  # of every 120


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn, and how: all that the image shows."""

    motif: Literal["icon", "slogan", "scene"]
    shape: str = ""
    colour: str = ""
    words: str = ""
    """Painted words, in lower case."""
    variant: str = ""
    """Which drawing of this motif: place, size, font and ground follow from it."""
    quality: int = 0
    """JPEG quality of a copy that somebody saved again; 0 is the original."""

    @property
    def original(self) -> str:
        """What the drawing follows from; the same for every quality."""
        return "-".join((self.motif, self.colour, self.shape, self.words, self.variant))

    @property
    def file_name(self) -> str:
        """Tells nothing of what is drawn: a file name is part of the post."""
        stem = hashlib.sha256(f"{self.original}-{self.quality}".encode()).hexdigest()[:16]
        return f"{stem}.png" if self.motif == "icon" and not self.quality else f"{stem}.jpg"

    def describe(self) -> str:
        match self.motif:
            case "icon":
                return f"{'an' if self.colour[0] in 'aeiou' else 'a'} {self.colour} {self.shape} on a plain ground"
            case "slogan":
                return f'the painted words "{self.words}"'
            case "scene":
                return "a blurred landscape"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPost:
    """A generated post with its facts."""

    number: int
    post_id: str
    text: str
    keyphrases: tuple[str, ...]
    kinds: tuple[Kind, ...]
    """Parallel to `keyphrases`: where each can be found."""
    evidence: tuple[str, ...]
    """Parallel to `keyphrases`: the words or the drawn thing that it follows from."""
    picture: Picture | None
    image: str
    """The image's file name; empty where there is none."""
    fault: Fault = ""
    """What is wrong with the image file."""
    created_at: datetime
    lang: str
    copy_of: str = ""
    """The post that this one repeats."""
    copied: Copied = ""


def demo_facts(spec: DemoSpec) -> Iterator[DemoPost]:
    """The posts in order of time; `first` and `posts` cut a piece out of one endless stream."""
    last = spec.first + spec.posts
    step = min(STEP, SPAN / last)
    for number in range(spec.first, last):
        post = _post(spec, number)
        if spec.raw:
            post = replace(post, text=_as_platform_text(post, spec.seed))
        yield replace(post, created_at=(START + number * step).replace(microsecond=0))


def demo_labels() -> dict[str, Kind]:
    """Every phrase that the generator can give, with its kind."""
    labels: dict[str, Kind] = dict.fromkeys(words.TEXT_LABELS, "text")
    labels |= dict.fromkeys(words.SLOGANS, "slogan")
    labels |= {f"{colour} {shape}": "icon" for colour in words.COLOURS for shape in words.SHAPES}
    labels |= dict.fromkeys(words.TOPICS, "topic")
    labels |= {f"{shape} {event}": "both" for shape in words.SHAPES for event in words.EVENTS}
    return labels


def _post(spec: DemoSpec, number: int) -> DemoPost:
    copied = _copied(number)
    if not copied:
        return _original(spec, number)
    draw = python_generator(spec.seed, "copy", number)
    source = draw.randrange(max(0, number - 2000), number)
    while _copied(source) or _turned_away(source):
        source -= 1
    post = _original(spec, source)
    if copied == "near":
        more = draw.choice(("indeed", "again", "folks", "ok", "anyway"))
        post = replace(post, text=f"{post.text} {more}")
        if post.picture:
            picture = replace(post.picture, quality=draw.choice((60, 70, 80)))
            post = replace(post, picture=picture, image=picture.file_name)
    return replace(post, number=number, post_id=_post_id(spec, number), copy_of=_post_id(spec, source), copied=copied)


def _copied(number: int) -> Copied:
    if number % 120 == EXACT_COPY:
        return "exact"
    return "near" if number % 40 == NEAR_COPY else ""


def _turned_away(number: int) -> bool:
    """Copies of posts that ingest turns away would raise their share above its bound."""
    return number % 600 == EMOJI_ONLY or bool(_fault(number))


def _post_id(spec: DemoSpec, number: int) -> str:
    return f"demo-{spec.seed}-{number:07d}"


def _original(spec: DemoSpec, number: int) -> DemoPost:
    draw = python_generator(spec.seed, "post", number)
    lang = OTHER_SCRIPT.get(number % 240, "en")
    wordless = number % 600 == EMOJI_ONLY
    kinds = _kinds(draw, readable=lang == "en" and not wordless)
    variant = str(number % spec.drawings) if spec.drawings else f"{spec.seed}-{number:07d}"
    picture = Picture("scene", variant=variant)
    found: list[tuple[str, Kind, str]] = []
    clauses: list[str] = []
    for kind in kinds:
        match kind:
            case "text":
                taken = {phrase for phrase, *_ in found}
                phrase = draw.choice([label for label in words.TEXT_LABELS if label not in taken])
                clauses.append(draw.choice(words.ABOUT_TEXT).format(p=phrase))
                evidence = f'the text says "{phrase}"'
            case "slogan":
                phrase = draw.choice(words.SLOGANS)
                picture = Picture("slogan", words=phrase, variant=variant)
                evidence = f"the image shows {picture.describe()}"
            case "icon" | "both":
                colour, shape = draw.choice(tuple(words.COLOURS)), draw.choice(words.SHAPES)
                picture = Picture("icon", shape, colour, variant=variant)
                phrase, evidence = f"{colour} {shape}", f"the image shows {picture.describe()}"
                if kind == "both":
                    event = draw.choice(words.EVENTS)
                    clauses.append(draw.choice(words.ABOUT_EVENT).format(e=event, n=draw.randint(2, 11), d=_day(draw)))
                    phrase, evidence = f"{shape} {event}", f'{evidence}, and the text says "{event}"'
            case "topic":
                phrase = draw.choice(tuple(words.TOPICS))
                cues = draw.sample(words.TOPICS[phrase], 3)
                pattern = draw.choice(words.ABOUT_TOPIC)
                clauses.append(pattern.format(a=cues[0], b=cues[1], c=cues[2]))
                named = [cue for cue in cues if cue in clauses[-1].split()]
                evidence = f"the text says {' and '.join(repr(cue) for cue in named)}"
        found.append((phrase, kind, evidence))
    text = _sentence(draw, clauses)
    if wordless:
        text = draw.choice(words.EMOJI)
    elif lang != "en":
        text = draw.choice(words.OTHER_SCRIPTS[lang])
    fault = _fault(number) if spec.images else ""
    return DemoPost(
        number=number,
        post_id=_post_id(spec, number),
        text=text,
        keyphrases=tuple(phrase for phrase, *_ in found),
        kinds=tuple(kind for _, kind, _ in found),
        evidence=tuple(evidence for *_, evidence in found),
        picture=picture if spec.images else None,
        # A broken file has a name of its own: a shared drawing must not be broken for the others.
        image="" if not spec.images else f"{fault}-{number:07d}.jpg" if fault else picture.file_name,
        fault=fault,
        created_at=START,
        lang=lang,
    )


def _kinds(draw: random.Random, readable: bool) -> list[Kind]:
    """One leading kind and up to three more; an image shows one thing, so one phrase at most is drawn."""
    if not readable:
        return [draw.choice(("icon", "slogan"))]
    leading = draw.choices(tuple(LEADING), tuple(LEADING.values()))[0]
    kinds: list[Kind] = [leading]
    count = draw.choices(tuple(PHRASE_COUNTS), tuple(PHRASE_COUNTS.values()))[0]
    while len(kinds) < count:
        further: list[Kind] = ["text", "text"]
        if "topic" not in kinds:
            further.append("topic")
        if not {"slogan", "icon", "both"} & set(kinds):
            further += ["slogan", "icon"]
        kinds.append(draw.choice(further))
    return kinds


def _fault(number: int) -> Fault:
    if number % 400 == MISSING_IMAGE:
        return "missing"
    return "truncated" if number % 600 == TRUNCATED else "html" if number % 600 == HTML else ""


def _sentence(draw: random.Random, clauses: list[str]) -> str:
    filler = " ".join((draw.choice(words.SUBJECTS), draw.choice(words.VERBS), draw.choice(words.OBJECTS)))
    filler = f"{filler} {draw.choice(words.PLACES)} {draw.choice(words.TIMES)}"
    parts = [filler.format(d=_day(draw), n=draw.randint(2, 11)), *clauses]
    draw.shuffle(parts)
    opener = draw.choice(words.OPENERS).format(n=draw.randint(2, 99))
    body = draw.choice((" . ", " , ", " and ", " ! ")).join(parts)
    text = f"{opener} {draw.choice((',', ':', '.', '!'))} {body}"
    if draw.random() < 0.6:
        text += f" {draw.choice(('.', '!', '...'))} {draw.choice(words.CLOSERS)}"
    return _tidy(text)


def _tidy(text: str) -> str:
    for mark in (".", ",", "!", "...", ":"):
        text = text.replace(f" {mark} ", f"{mark} ")
    return text[0].upper() + text[1:]


def _day(draw: random.Random) -> str:
    return draw.choice(words.DAYS)


def _as_platform_text(post: DemoPost, seed: int) -> str:
    """Phrases of the text become hashtags where they stand, the others hashtags at the end."""
    draw = python_generator(seed, "platform", post.copy_of or post.post_id)  # a copy keeps its links
    text, tail = post.text, []
    for phrase, kind in zip(post.keyphrases, post.kinds, strict=True):
        tag = "#" + "".join(word.capitalize() for word in phrase.split())
        if kind == "text" and phrase in text.lower():
            at = text.lower().index(phrase)
            text = text[:at] + tag + text[at + len(phrase) :]
        else:
            tail.append(tag)
    untidy: tuple[tuple[float, Callable[[], str]], ...] = (
        (0.3, lambda: f"https://t.co/{draw.randrange(36**8):08x}"),
        (0.2, lambda: f"@user_{draw.randrange(1000)}"),
        (0.2, lambda: draw.choice(words.EMOJI)),
    )
    return " ".join([text, *tail, *(make() for chance, make in untidy if draw.random() < chance)])
