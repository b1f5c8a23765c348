"""Where posts come from: files that the operator allows flows to read, and what identifies their content."""

import hashlib
import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Literal

from mmkp_core.data.formats import Columns, Format, IngestSettings, IngestSpec, SourceFiles
from mmkp_core.data.readers import format_of_name
from mmkp_core.errors import WrongInput
from mmkp_core.identity import sha256_of
from mmkp_core.spec import spec

SOURCES = "MMKP_SOURCES"


@spec
class Source:
    """Files of posts, by path on the machine that runs the flow."""

    path: str = ""
    """The file of posts. Relative paths start at the first folder that the operator allows."""
    format: Literal["auto", Format] = "auto"
    """The layout of the file; `auto`: by its name."""
    images: str = ""
    """The folder of the posts' images; empty where there are none."""
    ocr: str = ""
    """Words in the images, a line for each post of the file; empty where there are none."""
    attributes: str = ""
    """Attribute words of the images, a line for each post of the file; empty where there are none."""
    keyphrases_from: Literal["column", "hashtags"] = "column"
    """Where the keyphrases stand: in a field of their own, or as hashtags in the text."""
    id_prefix: str = ""
    """What ids made from line numbers begin with, for files whose posts have none; a file's name where it joins others
    and none is given."""
    columns: Columns = Columns()
    """The file's names for the fields of a post; of tables only."""

    def reading(self, settings: IngestSettings) -> IngestSpec:
        """How this file becomes posts: what is said of it here, the rest as in `settings`."""
        return IngestSpec(
            **{field.name: getattr(settings, field.name) for field in fields(settings)},
            format=format_of_name(Path(self.path)) if self.format == "auto" else self.format,
            keyphrases_from=self.keyphrases_from,
            columns=self.columns,
        )

    def files(self, id_prefix: str = "") -> SourceFiles:
        return SourceFiles(
            posts=(_file(self.path),),
            ocr=_file(self.ocr) if self.ocr else None,
            attributes=_file(self.attributes) if self.attributes else None,
            images=_folder(self.images) if self.images else None,
            id_prefix=id_prefix or self.id_prefix,
        )


def allowed_folders() -> list[Path]:
    """The folders (and single files) that flows may read: `MMKP_SOURCES`, or the working directory."""
    listed = [Path(part).resolve() for part in os.environ.get(SOURCES, "").split(os.pathsep) if part]
    return listed or [Path.cwd().resolve()]


def allow(path: Path) -> Path:
    """Let flows of this process, and of those it starts, read `path` and what lies below it."""
    path = _resolved(path.expanduser())
    if not path.exists():
        raise WrongInput(f"{path} is not there")
    known = [part for part in os.environ.get(SOURCES, "").split(os.pathsep) if part]
    if str(path) not in known:
        os.environ[SOURCES] = os.pathsep.join([*known, str(path)])
    return path


def allowed(path: str) -> Path:
    """`path` as it stands, if it lies where the operator allows."""
    if not path:
        raise WrongInput("no file of posts was given; name one in source.path")
    roots = allowed_folders()
    found = _resolved(roots[0] / path)  # an absolute path stays as it is
    if not any(found.is_relative_to(root) for root in roots):
        raise WrongInput(
            f"{path} lies outside of the folders that this mmkp may read ({', '.join(map(str, roots))}); "
            f"start it with --sources DIR, or set {SOURCES}"
        )
    if not found.exists():
        raise WrongInput(f"{found} is not there")
    return found


def _file(path: str) -> Path:
    found = allowed(path)
    if found.is_dir():
        raise WrongInput(f"{found} is a folder; give the file in it")
    return found


def _folder(path: str) -> Path:
    found = allowed(path)
    if not found.is_dir():
        raise WrongInput(f"{found} is no folder; give the folder that holds the images (unpack an archive first)")
    return found


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        raise WrongInput(f"{path} leads nowhere: its links lead back to themselves") from None


def content_hash(files: SourceFiles) -> dict[str, str]:
    """What the files hold, whatever they are called and whenever they were written."""
    named = {"ocr": files.ocr, "attributes": files.attributes}
    found = {f"posts-{n}": sha256_of(path) for n, path in enumerate(files.posts)}
    found |= {key: sha256_of(path) for key, path in named.items() if path}
    if files.images:
        whole = hashlib.sha256()
        for path in sorted(files.images.rglob("*")):
            if path.is_file():
                whole.update(
                    f"{path.relative_to(files.images)}\0{sha256_of(path)}\n".encode("utf-8", "surrogateescape")
                )
        found["images"] = whole.hexdigest()
    return found


def name_of(source: Source) -> str:
    """What a data set is called after its file: `valid_src.txt` -> `valid_src`."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(source.path).stem).strip("-._")
    return stem[:60] or "posts"
