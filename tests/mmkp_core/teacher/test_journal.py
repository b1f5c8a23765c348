import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmkp_core.errors import Damaged, MmkpError
from mmkp_core.tables.teacher import REPLIES
from mmkp_core.teacher.journal import Journal, read_replies
from mmkp_core.teacher.reply import Reply


def reply(number: int, text: str = "{}") -> Reply:
    return Reply(request=f"{number:020x}", text=text, prompt_tokens=100, completion_tokens=7)


def test_what_was_appended_is_there_for_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([reply(1, "snow ☃\n"), reply(2)])
        journal.append([reply(3)])
        assert journal.get(f"{1:020x}") == reply(1, "snow ☃\n")
    with Journal(path) as journal:
        assert len(journal) == 3
        assert f"{2:020x}" in journal
        assert journal.get("0") is None
        assert (journal.prompt_tokens, journal.completion_tokens) == (300, 21)
        assert journal.rows().schema == REPLIES.schema
        assert journal.rows()["text"].to_pylist() == ["snow ☃\n", "{}", "{}"]


@pytest.mark.fault(13)
@pytest.mark.parametrize("kept", range(1, 40, 7))
def test_a_torn_last_line_is_set_aside(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([reply(1), reply(2)])
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept])
    assert list(read_replies(path)) == [reply(1)]
    with Journal(path) as journal:
        assert len(journal) == 1
        journal.append([reply(3)])
    assert list(read_replies(path)) == [reply(1), reply(3)]
    assert (tmp_path / "journal.jsonl.torn").read_bytes() == second[:kept] + b"\n"


def test_a_changed_byte_is_an_error_that_says_where(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([reply(1, "yes"), reply(2)])
    path.write_bytes(path.read_bytes().replace(b'"yes"', b'"yet"'))
    with pytest.raises(Damaged, match="take the line out"):
        Journal(path)


def test_two_runs_do_not_write_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([reply(1)])
        with pytest.raises(MmkpError, match="another run is writing"):
            Journal(path)
        assert list(read_replies(path)) == [reply(1)]  # reading is free
    Journal(path).close()


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    code = (
        f"from pathlib import Path; from mmkp_core.teacher.journal import Journal\n_ = Journal(Path({str(path)!r}))\n"
    )
    code += "print('held', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(MmkpError):
            Journal(path)
        holder.kill()
    Journal(path).close()


def test_a_file_that_cannot_be_locked_leaves_no_open_handle(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path):
        before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
        for _ in range(5):
            with pytest.raises(MmkpError):
                Journal(path)
        if before:
            assert len(os.listdir("/proc/self/fd")) == before
