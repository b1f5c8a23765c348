"""The request for one question, and the hash by which its reply is found again.

The hash covers every word and setting that can change the answer. The picture counts by its own hash, the area it is
sent at and the version of that reduction, not by the bytes sent: another JPEG library must not buy everything again.
The endpoint's address and the key do not count.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from mmkp_core.identity import fingerprint
from mmkp_core.prompts.turns import Turn
from mmkp_core.teacher.images import IMAGE_VERSION
from mmkp_core.teacher.spec import ChatSettings

REQUEST_VERSION = 1  # raise it when the same request would be sent otherwise


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    settings: ChatSettings
    turns: tuple[Turn, ...]
    image_key: str | None
    """SHA-256 of the picture's bytes; None where no picture goes with the question."""
    schema: Mapping[str, Any]
    """Of the JSON that the reply must be."""
    schema_name: str

    @cached_property
    def hash(self) -> str:
        return fingerprint("chat", REQUEST_VERSION, self.settings, self.document(), IMAGE_VERSION)

    def document(self) -> dict[str, Any]:
        """All that is sent but for the picture's bytes, which its key stands for."""
        picture = {"type": "image_url", "image": self.image_key, "pixels": self.settings.image_pixels}
        return {**self._settings(), "messages": [self._message(turn, picture) for turn in self.turns]}

    def body(self, jpeg: bytes | None) -> bytes:
        """The HTTP body; `jpeg` is the picture as it is sent."""
        url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""
        picture = {"type": "image_url", "image_url": {"url": url}}
        return orjson.dumps({**self._settings(), "messages": [self._message(turn, picture) for turn in self.turns]})

    @property
    def estimated_tokens(self) -> int:
        """Of the prompt, for pacing, and for the account where an endpoint counts nothing."""
        letters = sum(len(turn.text) for turn in self.turns)
        return letters // 3 + (self.settings.image_pixels // 750 if self.image_key else 0)

    def _message(self, turn: Turn, picture: Mapping[str, Any]) -> dict[str, Any]:
        if turn.image and self.image_key:
            return {"role": turn.role, "content": [picture, {"type": "text", "text": turn.text}]}
        return {"role": turn.role, "content": turn.text}

    def _settings(self) -> dict[str, Any]:
        settings = self.settings
        sent: dict[str, Any] = {"model": settings.model, settings.length_field: settings.max_tokens}
        if settings.temperature >= 0:
            sent["temperature"] = settings.temperature
        if settings.seed:
            sent["seed"] = settings.seed
        match settings.json_mode:
            case "json_schema":
                schema = {"name": self.schema_name, "strict": True, "schema": self.schema}
                sent["response_format"] = {"type": "json_schema", "json_schema": schema}
            case "json_object":
                sent["response_format"] = {"type": "json_object"}
            case "none":
                pass
        return sent
