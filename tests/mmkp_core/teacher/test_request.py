import base64
import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.data.post import Example, Post
from mmkp_core.teacher.rationales import request_of
from mmkp_core.teacher.spec import TeacherSpec

EXAMPLE = Example(post=Post(post_id="1", text="a text", keyphrases=("chess",), image="ab" * 32))


def sent(spec: TeacherSpec, jpeg: bytes | None = b"jpeg") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request_of(EXAMPLE, spec).body(jpeg))
    return body


def test_the_picture_goes_as_a_data_url_before_the_words() -> None:
    first, second = sent(TeacherSpec())["messages"][1]["content"]
    assert first["image_url"]["url"] == "data:image/jpeg;base64," + base64.b64encode(b"jpeg").decode()
    assert "a text" in second["text"]


def test_the_rows_copy_of_a_request_has_the_pictures_hash_instead() -> None:
    document = request_of(EXAMPLE, TeacherSpec()).document()
    assert document["messages"][1]["content"][0] == {"type": "image_url", "image": "ab" * 32, "pixels": 589_824}


def test_each_way_of_asking_for_json() -> None:
    assert sent(TeacherSpec())["response_format"]["json_schema"]["strict"] is True
    assert sent(TeacherSpec(json_mode="json_object"))["response_format"] == {"type": "json_object"}
    assert "response_format" not in sent(TeacherSpec(json_mode="none"))


def test_fields_that_an_endpoint_may_refuse_can_be_left_out() -> None:
    old = sent(TeacherSpec(seed=5))
    assert (old["max_tokens"], old["temperature"], old["seed"]) == (1024, 0.0, 5)
    new = sent(TeacherSpec(length_field="max_completion_tokens", temperature=-1))
    assert new["max_completion_tokens"] == 1024
    assert not {"max_tokens", "temperature", "seed"} & new.keys()


def test_without_pictures_only_words_are_sent() -> None:
    assert isinstance(sent(TeacherSpec(image_pixels=0), None)["messages"][1]["content"], str)


def test_whatever_changes_the_answer_changes_the_hash() -> None:
    spec = TeacherSpec()
    other_post = replace(EXAMPLE, post=replace(EXAMPLE.post, text="another"))
    other_image = replace(EXAMPLE, post=replace(EXAMPLE.post, image="cd" * 32))
    same_start = replace(EXAMPLE, post=replace(EXAMPLE.post, image="ab" * 31 + "cd"))
    hashes = [
        request_of(EXAMPLE, spec).hash,
        *(request_of(e, spec).hash for e in (other_post, other_image, same_start)),
    ]
    for change in (
        {"model": "m"}, {"mode": "solve"}, {"language": "zh"}, {"json_mode": "none"}, {"image_pixels": 1000},
        {"max_tokens": 99}, {"temperature": 0.5}, {"seed": 1},
    ):  # fmt: skip
        hashes.append(request_of(EXAMPLE, replace(spec, **change)).hash)
    assert len(set(hashes)) == len(hashes)


def test_the_acceptance_bound_buys_nothing_anew() -> None:
    strict = TeacherSpec(accept_f1=1.0)
    assert request_of(EXAMPLE, strict).hash == request_of(EXAMPLE, TeacherSpec()).hash
    assert strict.engine != TeacherSpec().engine


@given(st.text(st.characters(), max_size=200))
def test_any_text_can_be_sent(text: str) -> None:
    request = request_of(replace(EXAMPLE, post=replace(EXAMPLE.post, text=text)), TeacherSpec())
    assert json.loads(request.body(b""))
    assert len(request.hash) == 20
