"""The index tells what stands in the store: whoever wrote it, whenever they were killed, in a few requests."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from storage import index as index_module
from storage.index import GONE, LOG, SNAPSHOTS, Index
from storage.objects import Objects

ROOT = Path(__file__).resolve().parent.parent.parent


class CountedObjects(Objects):
    """Counts what would be a request on object storage."""

    requests = 0

    def names(self, folder: str) -> list[str]:
        self.requests += 1
        return super().names(folder)

    def read(self, path: str) -> bytes:
        self.requests += 1
        return super().read(path)

    def create(self, path: str, data: bytes) -> bool:
        self.requests += 1
        return super().create(path, data)

    def touch(self, path: str) -> None:
        self.requests += 1
        super().touch(path)

    def remove_all(self, paths: object) -> None:
        self.requests += 1
        super().remove_all(paths)  # type: ignore[arg-type]


@pytest.fixture(params=["local", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return Objects(tmp_path if request.param == "local" else f"memory://{tmp_path}")


def place(name: str) -> str:
    return f"artifacts/run/{name}/record.json"


def publish(objects: Objects, index: Index, name: str, folder: str = "f1") -> None:
    index.note(place(name), folder)
    objects.put(place(name), f"{name} in {folder}".encode())


def known(index: Index) -> list[str]:
    return [path.split("/")[2] for path in index.documents("artifacts")]


def test_what_is_published_is_known_to_every_reader(objects: Objects) -> None:
    writer, reader = Index(objects), Index(objects)
    assert known(reader) == []
    publish(objects, writer, "a")
    assert known(reader) == known(writer) == known(Index(objects)) == ["a"]


def test_a_rebuild_and_a_removal_are_seen(objects: Objects) -> None:
    writer, reader = Index(objects), Index(objects)
    publish(objects, writer, "a", "f1")
    assert reader.documents("artifacts") == {place("a"): b"a in f1"}
    publish(objects, writer, "a", "f2")
    assert reader.documents("artifacts") == {place("a"): b"a in f2"}
    writer.note(place("a"), GONE)
    objects.remove(place("a"))
    assert known(reader) == known(Index(objects)) == []


def test_gathered_notes_are_one_snapshot(objects: Objects) -> None:
    writer = Index(objects)
    for name in "abc":
        publish(objects, writer, name)
    writer.gather()
    assert (objects.names(LOG), objects.names(SNAPSHOTS)) == ([], ["00000001.parquet"])
    publish(objects, writer, "d")
    assert known(Index(objects)) == ["a", "b", "c", "d"]


def test_a_writer_gathers_by_itself_once_there_are_many(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MANY", 5)
    monkeypatch.setattr(index_module, "LOOK_EVERY", 2)
    writer = Index(objects)
    for number in range(20):
        publish(objects, writer, f"{number:02d}")
    assert len(objects.names(LOG)) < 8
    assert len(objects.names(SNAPSHOTS)) <= 2
    assert known(Index(objects)) == [f"{number:02d}" for number in range(20)]


def test_a_change_that_is_noted_but_not_made_yet_is_found_once_it_is(objects: Objects) -> None:
    writer, reader = Index(objects), Index(objects)
    writer.note(place("a"), "f1")
    assert known(reader) == []
    reader.gather()  # between the note and the record, as after a kill there
    assert len(objects.names(LOG)) == 1
    objects.put(place("a"), b"a in f1")
    assert known(reader) == known(Index(objects)) == ["a"]


def test_a_note_of_a_killed_build_goes_after_a_while(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Index(objects)
    writer.note(place("a"), "f1")
    monkeypatch.setattr(index_module, "GIVEN_UP", -1.0)
    writer.gather()
    assert objects.names(LOG) == []
    assert known(writer) == []


def test_a_kill_between_the_snapshot_and_the_removal_of_its_notes_changes_nothing(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Index(objects)
    publish(objects, writer, "a", "f1")
    publish(objects, writer, "a", "f2")
    with monkeypatch.context() as patched:
        patched.setattr(objects, "remove_all", lambda paths: None)
        writer.gather()
    assert len(objects.names(LOG)) == 2
    assert Index(objects).documents("artifacts") == {place("a"): b"a in f2"}
    monkeypatch.setattr(index_module, "GIVEN_UP", -1.0)
    Index(objects).gather()
    assert objects.names(LOG) == []
    assert Index(objects).documents("artifacts") == {place("a"): b"a in f2"}


def test_of_two_who_gather_at_once_one_wins_and_nothing_is_lost(objects: Objects) -> None:
    first, second = Index(objects), Index(objects)
    publish(objects, first, "a")
    assert known(second) == ["a"]
    publish(objects, first, "b")
    first.gather()
    assert not second._publish(second._changes())  # its number is taken
    assert known(second) == known(Index(objects)) == ["a", "b"]


def test_a_snapshot_of_a_number_that_is_long_gone_does_not_count(objects: Objects) -> None:
    slow, other = Index(objects), Index(objects)
    publish(objects, other, "a")
    assert known(slow) == ["a"]
    for name in "bcd":
        publish(objects, other, name)
        other.gather()
    publish(objects, other, "e")
    changes = slow._changes()
    slow._take_in(changes)
    assert not slow._publish(changes)
    assert known(Index(objects)) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_without_a_sound_snapshot_the_store_is_walked(
    objects: Objects, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Index(objects)
    publish(objects, writer, "a")
    writer.gather()
    path = f"{SNAPSHOTS}/00000001.parquet"
    data = bytearray(objects.read(path))
    data[60] ^= 255
    match harm:
        case "cut":
            objects.put(path, bytes(data[:40]))
        case "flipped":
            objects.put(path, bytes(data))
        case "gone":
            objects.remove("index")
    assert known(Index(objects)) == ["a"]
    assert ("is damaged" in caplog.text) == (harm != "gone")


def test_a_rebuild_of_the_index_finds_what_came_without_a_note(objects: Objects) -> None:
    index = Index(objects)
    publish(objects, index, "a")
    index.gather()
    objects.put(place("b"), b"by hand")
    assert known(index) == ["a"]
    index.rebuild()
    assert known(index) == known(Index(objects)) == ["a", "b"]


def test_what_was_removed_by_hand_is_not_told(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    index = Index(objects)
    publish(objects, index, "a")
    assert known(index) == ["a"]
    (tmp_path / place("a")).unlink()
    assert known(index) == []


@pytest.mark.parametrize("artifacts", [3, 300])
def test_reading_and_writing_take_as_many_requests_whatever_is_there(tmp_path: Path, artifacts: int) -> None:
    objects = CountedObjects(f"memory://{tmp_path}")
    writer = Index(objects)
    for number in range(artifacts):
        publish(objects, writer, str(number))
    writer.gather()
    objects.requests = 0
    assert len(known(Index(objects))) == artifacts
    assert objects.requests == 3  # notes, snapshots, the newest of them
    objects.requests = 0
    publish(objects, Index(objects), "one more")
    assert objects.requests == 2  # how many notes there are, and a note


def test_killed_and_concurrent_writers_lose_nothing_that_was_published(tmp_path: Path) -> None:
    code = """
        import sys
        from storage import index as index_module
        from storage.index import Index
        from storage.objects import Objects
        index_module.MANY, index_module.LOOK_EVERY = 4, 1
        objects = Objects(sys.argv[1])
        index, number = Index(objects), 0
        while True:
            path = f"artifacts/run/{sys.argv[2]}-{number:06d}/record.json"
            index.note(path, "f1")
            objects.put(path, b"f1")
            print(path, flush=True)
            number += 1
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    writers = [
        subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for n in range(3)
    ]
    reader, published = Index(Objects(tmp_path)), set()
    for turn in range(20):
        for writer in writers:
            assert writer.stdout
            published.add(writer.stdout.readline().strip())
        asked = reader if turn % 2 else Index(Objects(tmp_path))
        assert published <= asked.documents("artifacts").keys()
    for writer in writers:
        writer.kill()
        lines, errors = writer.communicate()
        assert errors == ""
        published.update(line for line in lines.splitlines() if line.endswith("record.json"))
    walked = set(reader._walk())
    assert published <= walked
    assert reader.documents("artifacts").keys() == Index(Objects(tmp_path)).documents("artifacts").keys() == walked
