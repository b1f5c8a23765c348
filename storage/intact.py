"""Whether a stored file has the bytes that its record states; each is hashed once before a process reads it.

What was found right is remembered by path, size, time and inode, so a file that changes is hashed anew. Parts of row
stores are bounded in size, so that large data, features above all, is checked part by part as it is read.
"""

import os

from storage.objects import Objects
from storage.records import StoredFile

_RIGHT: dict[tuple[str, int, int, int], str] = {}
"""SHA-256 of what this process has hashed."""


def is_intact(objects: Objects, path: str, file: StoredFile) -> bool:
    """Of a file on a local store."""
    try:
        seen = os.stat(objects.full(path))
    except OSError:
        return False
    if seen.st_size != file.size:
        return False
    key = (objects.full(path), seen.st_size, seen.st_mtime_ns, seen.st_ino)
    if key not in _RIGHT:
        _RIGHT[key] = objects.sha256(path)
    return _RIGHT[key] == file.sha256
