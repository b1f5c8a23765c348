"""Paid replies as objects: each in place when its worker goes on, gathered later, read again by the next run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mmkp_core.errors import Damaged
from mmkp_core.teacher.reply import Reply
from storage import paid_replies
from storage.objects import Objects
from storage.paid_replies import ReplyObjects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(f"memory://{tmp_path}/home")


def reply(number: int) -> Reply:
    return Reply(request=f"{number:04d}", text=f"reply {number}\n\u2028", prompt_tokens=10, completion_tokens=number)


def test_a_reply_is_an_object_before_append_returns(objects: Objects) -> None:
    journal = ReplyObjects(objects, "questions")
    journal.append([reply(1), reply(2)])
    assert objects.names("journals/questions") == ["0001.json", "0002.json"]
    later = ReplyObjects(objects, "questions")  # the first was killed: it never closed
    assert later.get("0001") == reply(1) and later.get("0003") is None
    assert (len(later), later.prompt_tokens, later.completion_tokens) == (2, 20, 3)


def test_many_are_gathered_into_a_part_and_read_from_it(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paid_replies, "GATHERED", 3)
    with ReplyObjects(objects, "questions") as journal:
        journal.append([reply(n) for n in range(4)])
    assert objects.names("journals/questions") == ["part-0001.jsonl"]
    with ReplyObjects(objects, "questions") as journal:
        assert [journal.get(f"{n:04d}") for n in range(4)] == [reply(n) for n in range(4)]
        journal.append([reply(9)])
    assert objects.names("journals/questions") == ["0009.json", "part-0001.jsonl"]
    with ReplyObjects(objects, "questions") as journal:
        journal.append([reply(10), reply(11)])
    assert objects.names("journals/questions") == ["part-0001.jsonl", "part-0002.jsonl"]
    assert len(ReplyObjects(objects, "questions")) == 7


@pytest.mark.fault(13)
def test_a_kill_between_the_part_and_the_removal_counts_each_reply_once(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paid_replies, "GATHERED", 1)

    def killed(paths: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(objects, "remove_all", killed)
    with pytest.raises(KeyboardInterrupt), ReplyObjects(objects, "questions") as journal:
        journal.append([reply(1)])
    later = ReplyObjects(objects, "questions")
    assert (len(later), later.prompt_tokens) == (1, 10)


@pytest.mark.fault(16)
@pytest.mark.parametrize("harm", [lambda data: data.replace(b"reply 1", b"reply 2"), lambda data: data[:-9]])
def test_a_damaged_reply_is_an_error(objects: Objects, harm: Callable[[bytes], bytes]) -> None:
    ReplyObjects(objects, "questions").append([reply(1)])
    path = "journals/questions/0001.json"
    objects.put(path, harm(objects.read(path)))
    with pytest.raises(Damaged, match=r"0001\.json: a paid reply is damaged"):
        ReplyObjects(objects, "questions")
