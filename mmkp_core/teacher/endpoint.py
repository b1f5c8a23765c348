"""An endpoint and its key, which stays in memory: it has no repr, no pickle and no stable bytes."""

from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

from mmkp_core.errors import WrongInput


class ApiKey:
    """A secret that only the client gets."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        value = value.strip()  # a key read from a file ends with a line break
        if not value or not value.isascii() or not value.isprintable():
            # Its value stays out of the message; the transport's own error for a bad header would print it.
            raise WrongInput("the API key is empty or holds characters that no HTTP header takes; give it again")
        self._value = value

    def reveal(self) -> str:
        return self._value

    def scrubbed(self, text: str) -> str:
        """`text` without the key: some servers repeat it in their messages."""
        return text.replace(self._value, "[key]")

    def __repr__(self) -> str:
        return "ApiKey(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is never pickled; hand it to each process by its environment")


NO_KEY = ApiKey("none")  # local servers want a header, but not what is in it


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server: `https://host/v1`."""

    base_url: str
    key: ApiKey = field(default=NO_KEY, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongInput("the teacher's base URL must be http(s)://host[:port]/path, usually ending in /v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise WrongInput(
                f"the base URL of {parts.hostname} carries a user name, a password or a query; "
                "such parts end in logs: give the secret as the key"
            )

    @property
    def is_local(self) -> bool:
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")
