"""The settings of a teacher: those that change its rationales, and those of speed and cost, which do not."""

from dataclasses import fields
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

from mmkp_core.identity import fingerprint
from mmkp_core.prompts.teacher import PROMPT_VERSION, Mode
from mmkp_core.prompts.turns import Language
from mmkp_core.spec import spec

JsonMode = Literal["json_schema", "json_object", "none"]
LengthField = Literal["max_tokens", "max_completion_tokens"]

MOST_IN_FLIGHT = 256

ACCEPTANCE_VERSION = 2  # raise it when the same reply may be judged otherwise


@spec
class ChatSettings:
    """What every question to one model has in common; part of each request's hash."""

    model: str
    json_mode: JsonMode
    image_pixels: int
    max_tokens: int
    length_field: LengthField
    temperature: float
    seed: int


ModelName = Annotated[str, MinLen(1)]


@spec
class TeacherSettings:
    """What a teacher model is asked about training posts, and what is accepted."""

    mode: Mode = "rationalise"
    """`rationalise` shows the keyphrases and asks for reasoning that leads to them; `solve` shows none and keeps the
    replies that name the right ones."""
    language: Language = "en"
    """Of the instructions, and so of the reasoning."""
    json_mode: JsonMode = "json_schema"
    """How structured output is requested; every reply is checked in any case. `json_object` and
    `none` are for endpoints that know no schema."""
    image_pixels: Annotated[int, Ge(0), Le(16_000_000)] = 589_824
    """Largest area of the picture that is sent, in pixels; 768 x 768 by default, 0 sends none."""
    max_tokens: Annotated[int, Ge(16), Le(100_000)] = 1024
    """Longest reply, in tokens; a reply that is cut off is not used."""
    length_field: LengthField = "max_tokens"
    """Name under which the endpoint takes the longest reply; newer OpenAI models want `max_completion_tokens`."""
    temperature: Annotated[float, Ge(-1), Le(2)] = 0.0
    """Of sampling; -1 sends none, for models that refuse the field."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Of sampling, where the endpoint has one; 0 sends none."""
    accept_f1: Annotated[float, Gt(0), Le(1)] = 0.5
    """`solve`: least F1 of the teacher's phrases against the keyphrases. `rationalise` wants all of them, always."""

    def of_model(self, model: str) -> "TeacherSpec":
        return TeacherSpec(model=model, **{f.name: getattr(self, f.name) for f in fields(TeacherSettings)})


@spec
class TeacherSpec(TeacherSettings):
    """Rationales that a teacher model writes for training posts."""

    model: ModelName = "scripted"
    """Name of the model as the endpoint knows it. `scripted` is the local server that answers for generated posts."""

    @property
    def chat(self) -> ChatSettings:
        return ChatSettings(
            model=self.model,
            json_mode=self.json_mode,
            image_pixels=self.image_pixels,
            max_tokens=self.max_tokens,
            length_field=self.length_field,
            temperature=self.temperature,
            seed=self.seed,
        )

    @property
    def journal_key(self) -> str:
        """Fingerprint of the questions, whatever is then accepted: a journal under it serves a new acceptance bound
        without another request."""
        return fingerprint("questions", self.chat, self.mode, self.language, PROMPT_VERSION)

    @property
    def engine(self) -> str:
        """Fingerprint of everything that a row depends on besides its post."""
        return fingerprint("teacher", self, PROMPT_VERSION, ACCEPTANCE_VERSION)


@spec
class TeacherLimits:
    """How fast requests are sent and how much may be spent; none of it changes a rationale."""

    concurrency: Annotated[int, Ge(1), Le(MOST_IN_FLIGHT)] = 32
    """Requests in flight; all runs together stay below the limit `teacher` of the Prefect server."""
    requests_per_minute: Annotated[int, Ge(0)] = 0
    """0: no bound."""
    tokens_per_minute: Annotated[int, Ge(0)] = 0
    """Prompt and reply together; 0: no bound."""
    budget_tokens: Annotated[int, Ge(0)] = 0
    """No further requests are sent once this many tokens are paid, those of earlier runs on the same journal included;
    replies to requests in flight are still taken. 0: no bound."""
    budget_cost: Annotated[float, Ge(0)] = 0.0
    """The same bound in money, by the prices below; 0: no bound."""
    price_prompt: Annotated[float, Ge(0)] = 0.0
    """Of a million prompt tokens; for the account of costs."""
    price_reply: Annotated[float, Ge(0)] = 0.0
    """Of a million reply tokens."""
    timeout: Annotated[float, Gt(0), Le(3600)] = 120.0
    """Seconds for one attempt, from sending to the last byte."""
    attempts: Annotated[int, Ge(1), Le(20)] = 5
    """Tries of one request where the endpoint fails; a request turned away with the wish to wait does not count."""
    patience: Annotated[float, Ge(0)] = 900.0
    """Longest wait in seconds that the endpoint may demand; where it demands more, the run stops."""
