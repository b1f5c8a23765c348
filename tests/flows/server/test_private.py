from pathlib import Path

import pytest

from flows.server.private import COMMON, ServerFiles, mentions_prefect, named_api, private_settings, running_server


def test_the_environment_names_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
    assert named_api(ServerFiles.under(tmp_path)) == "http://prefect.example/api"


def test_the_ui_asks_the_port_that_the_server_has(tmp_path: Path) -> None:
    settings = private_settings(ServerFiles.under(tmp_path), "http://127.0.0.1:4321/api")
    assert settings["PREFECT_SERVER_UI_API_URL"] == "http://127.0.0.1:4321/api"
    assert settings["PREFECT_UI_URL"] == "http://127.0.0.1:4321"
    assert "*" not in settings["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"]


def test_every_setting_is_one_that_prefect_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings.models.root import Settings

    settings = COMMON | private_settings(ServerFiles.under(tmp_path), "http://127.0.0.1:4321/api")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    known = set(Settings().to_environment_variables(include_aliases=True, exclude_unset=True))
    assert set(settings) - known == {"DO_NOT_TRACK", "PREFECT_PROFILE"}


def test_a_server_that_left_its_address_behind_is_not_running(tmp_path: Path) -> None:
    files = ServerFiles.under(tmp_path)
    files.folder.mkdir()
    files.address.write_text('{"url": "http://127.0.0.1:4321/api", "pid": 1}')
    assert running_server(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text", "mentions"),
    [
        ("prefect.toml", "", True),
        ("pyproject.toml", "[tool.prefect]\napi.url = 'x'", True),
        ("pyproject.toml", "dependencies = ['prefect>=3']", False),
        (".env", "PREFECT_API_URL=x", True),
        (".env", "OTHER=1", False),
    ],
)
def test_settings_files_are_read_by_prefect_only_where_they_speak_of_it(
    tmp_path: Path, name: str, text: str, mentions: bool
) -> None:
    (tmp_path / name).write_text(text)
    assert mentions_prefect(tmp_path / name) is mentions
    assert not mentions_prefect(tmp_path / "absent")
