"""Image bytes, stored once by their SHA-256."""

import hashlib
from pathlib import Path

from mmkp_core.errors import Damaged
from storage.objects import Objects


class Images:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @staticmethod
    def path(image: str) -> str:
        return f"images/{image[:2]}/{image}"

    def add(self, data: bytes) -> str:
        """Keep `data`; its SHA-256."""
        image = hashlib.sha256(data).hexdigest()
        if self._objects.size(self.path(image)) != len(data):
            self._objects.put(self.path(image), data)
        return image

    def read(self, image: str) -> bytes:
        """The bytes, checked: an image that changed on disk is an error, not another picture."""
        try:
            data = self._objects.read(self.path(image))
        except FileNotFoundError as error:
            raise Damaged(f"image {image} is not in the store; ingest its source again with --rebuild") from error
        if hashlib.sha256(data).hexdigest() != image:
            raise Damaged(
                f"image {image} was changed in the store ({self._objects.address(self.path(image))}); "
                "remove that file and ingest its source again with --rebuild"
            )
        return data

    def local(self, image: str) -> Path | None:
        """The file itself, where the store is a local folder."""
        return Path(self._objects.full(self.path(image))) if self._objects.is_local else None
