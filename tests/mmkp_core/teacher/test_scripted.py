import argparse
import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from mmkp_core.teacher.scripted import Script, serving, shares_of


def call(url: str, body: dict[str, Any] | None = None, key: str = "any") -> tuple[int, Any]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json", "authorization": f"Bearer {key}"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def question(text: str) -> dict[str, Any]:
    return {"model": "scripted", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": text}]}


def test_it_speaks_chat_completions() -> None:
    with serving(Script()) as server:
        assert call(f"{server.url}/models")[1]["data"][0]["id"] == "scripted"
        status, answer = call(
            f"{server.url}/chat/completions", question("<<0123456789 text>>\nthe word zither\n<<0123456789 end>>")
        )
        assert status == 200
        assert json.loads(answer["choices"][0]["message"]["content"])["phrases"] == ["zither", "word"]
        assert answer["usage"]["total_tokens"] > 0
        stats = call(server.url.removesuffix("/v1") + "/stats")[1]
        assert (stats["requests"], list(stats["served"].values())) == (1, [1])


def test_it_refuses_what_a_real_server_refuses() -> None:
    with serving(Script(key="right")) as server:
        assert call(f"{server.url}/nowhere", {})[0] == 404
        assert call(f"{server.url}/chat/completions", question("x"), key="wrong")[0] == 401
        status, answer = call(f"{server.url}/chat/completions", {**question("x"), "model": "gpt"}, key="right")
        assert (status, answer["error"]["code"]) == (404, "model_not_found")


def test_faults_by_share_are_the_same_in_every_run() -> None:
    def statuses() -> list[int]:
        with serving(Script(shares={"server_error": 0.3}, seed=4)) as server:
            return [call(f"{server.url}/chat/completions", question(str(n)))[0] for n in range(40)]

    first = statuses()
    assert first == statuses()
    assert 4 < first.count(500) < 22


def test_it_runs_as_a_command_and_ends_with_its_caller() -> None:
    command = [sys.executable, "-m", "mmkp_core.teacher.scripted", "--until-stdin-closes", "--faults", "server_error=1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert call(f"{url}/chat/completions", question("x"))[0] == 500
        assert process.stdin
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_fault_that_nobody_knows_is_named() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="'hangs'"):
        shares_of("hangs=0.1")
