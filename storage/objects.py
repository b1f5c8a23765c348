"""Files under one root: a local folder or an fsspec URL, through one small interface.

All writing of the package goes through here. A file appears whole under its name or not at all: locally by
rename, on object stores because a put is atomic there.
"""

import hashlib
import logging
import math
import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import fsspec

from mmkp_core.disk import explanation
from mmkp_core.errors import MmkpError, Unavailable, WrongInput, lower_first

logger = logging.getLogger(__name__)

EXTRAS = {"s3": "s3", "s3a": "s3"}
"""By protocol, the extra of ours that brings its package."""


class Objects:
    def __init__(self, root: str | Path) -> None:
        text = str(root)
        self.is_local = "://" not in text or text.startswith("file://")
        if self.is_local:
            text = os.path.abspath(os.path.expanduser(text.removeprefix("file://")))
        self.fs: Any
        try:
            self.fs, base = fsspec.core.url_to_fs(text)
        except ImportError as error:
            extra = EXTRAS.get(text.partition(":")[0])
            how = f"pip install 'mmkp[{extra}]'" if extra else str(error)
            raise Unavailable(f"a store at {text} needs a package that is not installed: {how}") from None
        except ValueError as error:
            raise WrongInput(f"{text} is no folder and no URL of a store: {lower_first(str(error))}") from None
        self.base = str(base).rstrip("/")
        self.url = text.rstrip("/")
        # s3fs asks for an object's size before it reads it, to read large ones in pieces side by side
        self._in_one = {"max_concurrency": 1} if text.startswith(("s3:", "s3a:")) else {}

    def __repr__(self) -> str:
        return f"Objects({self.url!r})"

    def full(self, path: str) -> str:
        """`path` as the file system itself names it."""
        return f"{self.base}/{path}"

    def address(self, path: str) -> str:
        """`path` as DuckDB or another process opens it: absolute, with its protocol if it has one."""
        return f"{self.url}/{path}"

    def open(self, path: str) -> IO[bytes]:
        handle: IO[bytes] = self.fs.open(self.full(path), "rb")
        return handle

    def read(self, path: str) -> bytes:
        if self.is_local:  # several times cheaper than through fsspec
            return Path(self.full(path)).read_bytes()
        data: bytes = self.fs.cat_file(self.full(path), **self._in_one)
        return data

    def read_all(self, paths: Collection[str]) -> dict[str, bytes | None]:
        """The bytes of many files, asked for at once; None where there is none."""
        if not paths:
            return {}
        if self.is_local:
            return {path: self._read_if_there(path) for path in paths}
        found = self.fs.cat([self.full(path) for path in paths], on_error="return", **self._in_one)
        data: dict[str, bytes | None] = {}
        for path in paths:
            match found.get(self.full(path)):
                case bytes() as content:
                    data[path] = content
                case None | FileNotFoundError():
                    data[path] = None
                case error:
                    raise error
        return data

    def size(self, path: str) -> int | None:
        """Bytes of the file, None where there is none."""
        if self.is_local:  # three times cheaper than through fsspec, and called for every hit
            try:
                return os.stat(self.full(path)).st_size
            except OSError:
                return None
        try:
            return int(self.fs.size(self.full(path)))
        except (FileNotFoundError, TypeError):
            return None

    def sha256(self, path: str) -> str:
        """Of its bytes; empty where there is no such file."""
        try:
            with self.open(path) as handle:
                return hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]
        except FileNotFoundError:
            return ""

    def changed_at(self, path: str) -> float:
        """When the file came to its place, in seconds; one that has gone meanwhile is as new as can be."""
        try:
            if self.is_local:  # moving a finished file into place leaves its time of writing as it was
                return os.stat(self.full(path)).st_ctime
            return float(self.fs.modified(self.full(path)).timestamp())
        except FileNotFoundError:
            return math.inf

    def put(self, path: str, data: bytes) -> None:
        """Write or replace `path`, whole."""
        if not self.is_local:
            self.fs.pipe_file(self.full(path), data)
            return
        staged = self._stage(data)
        try:
            self._into_place(staged, path)
        finally:
            staged.unlink(missing_ok=True)

    def create(self, path: str, data: bytes) -> bool:
        """Write `path` only if nothing bears that name yet; whether it was written."""
        if not self.is_local:
            try:
                self.fs.pipe_file(self.full(path), data, mode="create")
            except FileExistsError:
                return False
            return True
        staged = self._stage(data)
        target = Path(self.full(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(staged, target)  # unlike rename, a link refuses a name that is taken
        except FileExistsError:
            return False
        finally:
            staged.unlink(missing_ok=True)
        return True

    def touch(self, path: str) -> None:
        """An empty file, which says all by its name."""
        if not self.is_local:
            self.fs.pipe_file(self.full(path), b"")
            return
        target = Path(self.full(path))
        try:
            target.touch()
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()

    def adopt(self, local: Path, path: str) -> None:
        """Move a finished local file to `path`."""
        if not self.is_local:
            self.fs.put_file(str(local), self.full(path))
            local.unlink()
            return
        with local.open("rb") as handle:
            os.fsync(handle.fileno())
        try:
            self._into_place(local, path)
        except OSError:  # the staging place is on another file system
            copy = self.scratch("staging") / uuid.uuid4().hex
            shutil.copyfile(local, copy)
            self._into_place(copy, path)
            local.unlink()

    def walk(self, path: str, name: str | None = None) -> Iterator[str]:
        """Every file below `path`, or those called `name`, relative to the root, sorted."""
        if self.is_local:
            top = self.full(path)
            found = (
                os.path.relpath(os.path.join(folder, file), self.base)
                for folder, _, files in os.walk(top)
                for file in files
                if name is None or file == name
            )
        else:
            with suppress(FileNotFoundError):
                self.fs.invalidate_cache()
            cut = len(self.base) + 1
            found = (
                file[cut:] for file in self.fs.find(self.full(path)) if name is None or file.rsplit("/", 1)[-1] == name
            )
        yield from sorted(found)

    def names(self, folder: str) -> list[str]:
        """The names of the files in `folder`, sorted; none where it is not there."""
        try:
            if self.is_local:
                return sorted(os.listdir(self.full(folder)))
            self.fs.invalidate_cache(self.full(folder))
            return sorted(str(path).rsplit("/", 1)[-1] for path in self.fs.ls(self.full(folder), detail=False))
        except FileNotFoundError:
            return []

    def remove_all(self, paths: Collection[str]) -> None:
        """Remove many files, on object stores in one request; those that are gone are fine."""
        if self.is_local:
            for path in paths:
                Path(self.full(path)).unlink(missing_ok=True)
        elif paths:
            with suppress(FileNotFoundError):
                self.fs.rm([self.full(path) for path in paths])

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder; nothing there is fine."""
        with suppress(FileNotFoundError):
            self.fs.rm(self.full(path), recursive=True)

    def scratch(self, name: str) -> Path:
        """A local folder for unfinished work, on the store's own file system where it has one."""
        mark = hashlib.sha256(self.url.encode()).hexdigest()[:12]
        root = Path(self.base) if self.is_local else Path(tempfile.gettempdir()) / f"mmkp-{os.getuid()}-{mark}"
        folder = root / name
        try:
            if not self.is_local:
                _make_private(root)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explanation(error, root) or error from error
        return folder

    def _read_if_there(self, path: str) -> bytes | None:
        try:
            return self.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:  # one file that cannot be read must not stop whoever reads many
            logger.warning("%s cannot be read: %s", self.full(path), error.strerror)
            return b""

    def _stage(self, data: bytes) -> Path:
        staged = self.scratch("staging") / uuid.uuid4().hex
        with staged.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        return staged

    def _into_place(self, staged: Path, path: str) -> None:
        target = Path(self.full(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, target)


def _make_private(folder: Path) -> None:
    """In a place that others write to, too: a folder that was made there by somebody else is not used."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise MmkpError(f"{folder} is no folder of this user; have it removed, or set TMPDIR to another place")
    folder.chmod(0o700)
