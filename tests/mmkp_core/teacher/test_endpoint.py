import copy
import pickle

import pytest

from mmkp_core.errors import WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.teacher.endpoint import ApiKey, Endpoint

KEY = "sk-very-secret"


def test_a_key_has_no_repr_no_pickle_and_no_fingerprint() -> None:
    endpoint = Endpoint("https://host/v1", ApiKey(f" {KEY}\n"))
    assert endpoint.key.reveal() == KEY
    assert KEY not in repr(endpoint) + str(endpoint) + repr(endpoint.key) + f"{endpoint.key}"
    for use in (pickle.dumps, copy.copy, fingerprint):
        with pytest.raises(TypeError) as caught:
            use(endpoint.key)
        assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "sk-\nvery", "sk-ünicode"])
def test_a_key_that_no_header_takes_is_refused_unseen(key: str) -> None:
    with pytest.raises(WrongInput) as caught:
        ApiKey(key)
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://user:sk-very@host/v1", "https://host/v1?api-key=sk-very", "host/v1", "file:///x"]
)
def test_an_address_that_carries_a_secret_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(WrongInput) as caught:
        Endpoint(url)
    assert "sk-very" not in str(caught.value)


@pytest.mark.parametrize(("url", "local"), [("http://127.0.0.1:8/v1", True), ("https://localhost.evil.io/v1", False)])
def test_only_loopback_is_local(url: str, local: bool) -> None:
    assert Endpoint(url).is_local is local
