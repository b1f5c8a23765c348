"""A query reads the store and nothing else, and changes nothing."""

from pathlib import Path

import pytest

from flows.command.query import print_query
from mmkp_core.data.post import Post
from mmkp_core.errors import WrongInput
from storage.store import Store
from tests.fixtures.small_store import add_dataset


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "home")
    add_dataset(store, [Post(post_id="1", text="seen", keyphrases=("x",))])
    return store


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("secret\n1\n")
    return path


def test_the_store_is_read(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    print_query(store, "select text from posts", "csv")
    assert capsys.readouterr().out.split() == ["text", "seen"]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{}')", "select * from '{}'", "select content from read_text('{}')",
        "select * from glob('{}')", "select * from read_text('/etc/passwd')",
        "select * from read_text('{}/../home/../secret.csv')",
    ],
)  # fmt: skip
def test_nothing_outside_the_store_is_read_unless_allowed(store: Store, outside: Path, sql: str) -> None:
    with pytest.raises(WrongInput, match="--allow-files"):
        print_query(store, sql.format(outside), "csv")


def test_other_files_are_read_where_that_is_allowed(
    store: Store, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_query(store, f"select * from '{outside}'", "csv", allow_files=True)
    assert capsys.readouterr().out.split() == ["secret", "1"]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into names select * from names", "drop view posts",
        "copy (select 1) to 'x.csv'", "create table x (y int)",
        "attach 'x.db'", "set lock_configuration = false", "select 1; drop view posts", "install httpfs",
    ],
)  # fmt: skip
@pytest.mark.parametrize("allow_files", [False, True])
def test_nothing_is_changed(store: Store, sql: str, allow_files: bool) -> None:
    with pytest.raises(WrongInput, match="changes nothing"):
        print_query(store, sql, "csv", allow_files)


def test_a_view_that_is_nearly_named_is_offered(store: Store) -> None:
    with pytest.raises(WrongInput, match="overlap_pairs"):
        print_query(store, "select * from overlaps", "csv")
