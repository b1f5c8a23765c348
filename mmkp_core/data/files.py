"""Reads a whole file of posts in memory, and takes it only if every row is usable."""

from pathlib import Path

from mmkp_core.data.formats import Columns, Format, IngestSpec, SourceFiles
from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import posts_of
from mmkp_core.data.sources import read_source
from mmkp_core.errors import WrongInput

AS_NAMED = Columns()


def read_posts(path: Path, layout: Format, columns: Columns = AS_NAMED) -> tuple[list[Post], int]:
    """The posts of a file, and how many rows it has. A score on a part of the rows would be a wrong score."""
    if not path.is_file():
        raise WrongInput(f"{path}: there is no such file")
    posts: list[Post] = []
    rows = 0
    for batch in read_source(SourceFiles(posts=(path,)), IngestSpec(format=layout, columns=columns)):
        posts += posts_of(batch.posts)
        rows += batch.counts.read
        if batch.quarantine.num_rows:
            first = batch.quarantine.slice(0, 1).to_pylist()[0]
            raise WrongInput(f"{path}:{first['line']}: {first['reason']}: {first['detail']}; mend the file first")
    return posts, rows
