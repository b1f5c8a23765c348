"""A teaching run against a faulty endpoint, killed twice: nothing lost, nothing paid twice, the budget kept."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.teacher.journal import read_replies

POSTS, IN_FLIGHT = 2000, 32
FAULTS = "rate_limited=0.05,server_error=0.02,hang=0.005,cut=0.01,refusal=0.01,cut_json=0.01,length=0.01"

RUN = """
import sys
from pathlib import Path
from mmkp_core.data.post import Example, Post
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.endpoint import ApiKey, Endpoint
from mmkp_core.teacher.journal import Journal
from mmkp_core.teacher.rationales import teach
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec

url, journal, budget, rows, posts, in_flight = sys.argv[1:]
examples = [
    Example(post=Post(post_id=f"{n:05d}", text=f"post number {n}", keyphrases=("chess",))) for n in range(int(posts))
]
limits = TeacherLimits(concurrency=int(in_flight), timeout=0.5, budget_tokens=int(budget))
with Journal(Path(journal)) as journal:
    session = Session(Endpoint(url, ApiKey("sk-drill-marker")), limits, journal)
    made = teach(examples, lambda key: None, TeacherSpec(), session)
print(made.counts, session.account)
Path(rows).write_text("\\n".join(f"{r['post_id']} {r['status']} {r['reason']}" for r in made.rows.to_pylist()))
"""


@pytest.fixture
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "mmkp_core.teacher.scripted", "--until-stdin-closes", "--faults", FAULTS]
    command += ["--delay", "0.05"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        assert server.stdin
        server.stdin.close()


def stats(url: str) -> dict[str, Any]:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url.removesuffix("/v1") + "/stats") as page:
        counted: dict[str, Any] = json.loads(page.read())
    return counted


@pytest.mark.fault(13, 22)
@pytest.mark.drill
def test_two_kills_and_a_budget(endpoint: str, tmp_path: Path) -> None:
    journal, rows = tmp_path / "journal.jsonl", tmp_path / "rows.txt"

    def start(budget: int) -> "subprocess.Popen[str]":
        command = [
            sys.executable,
            "-c",
            RUN,
            endpoint,
            str(journal),
            str(budget),
            str(rows),
            str(POSTS),
            str(IN_FLIGHT),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    for killed_after in (400, 1000):
        with start(0) as run:
            while stats(endpoint)["requests"] < killed_after and run.poll() is None:
                time.sleep(0.02)
            run.kill()
    paid = sum(reply.prompt_tokens + reply.completion_tokens for reply in read_replies(journal))
    budget = paid * 3 // 2
    with start(budget) as run:
        said, _ = run.communicate()
    assert run.returncode == 0, said
    each = max(reply.prompt_tokens + reply.completion_tokens for reply in read_replies(journal))
    spent = sum(reply.prompt_tokens + reply.completion_tokens for reply in read_replies(journal))
    assert budget <= spent <= budget + IN_FLIGHT * each
    assert 0 < len(rows.read_text().splitlines()) < POSTS

    with start(0) as run:
        said, _ = run.communicate()
    assert run.returncode == 0, said
    outcomes = [line.split() for line in rows.read_text().splitlines()]
    assert [post for post, *_ in outcomes] == [f"{n:05d}" for n in range(POSTS)]
    assert all(status == "accepted" or (status == "rejected" and reason != "None") for _, status, reason in outcomes)

    counted = stats(endpoint)
    kept = list(read_replies(journal))
    assert len({reply.request for reply in kept}) == len(kept)
    lost = sum(counted["served"].values()) - len(kept) - counted["faults"]["cut"]  # a cut answer never arrives whole
    assert 0 <= lost <= 2 * IN_FLIGHT
    everything = said + "".join(path.read_text() for path in tmp_path.iterdir())
    assert "sk-drill-marker" not in everything
