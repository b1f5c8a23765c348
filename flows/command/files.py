"""Commands on files that people hold: scores and overlap, without a store or a server."""

import json as text
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from mmkp_core.data.formats import Format

Protocol = Literal["cmkp", "aimkp", "strict", "all"]
Unit = Literal["word", "word3", "char3", "char5"]
Layout = Annotated[Literal["auto"] | Format, Parameter(metavar="CHOICE")]
File = Annotated[Path, Parameter(metavar="FILE")]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]


def evaluate(
    *,
    gold: File,
    predictions: File,
    protocol: Protocol = "cmkp",
    train: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    format: Layout = "auto",
    resamples: int = 0,
    json: bool = False,
) -> None:
    """Score a file of predictions.

    Args:
        gold: The posts with their keyphrases.
        predictions: A line of phrases for each post, or .jsonl or .parquet with ids.
        protocol: By whose rules.
        train: Training posts, for seen and unseen keyphrases.
        format: Of gold and training posts; by the file's ending unless given.
        resamples: Bootstrap draws for intervals; none unless given.
        json: Print one JSON document.
    """
    from mmkp_core.evaluation.files import evaluate_files

    document = evaluate_files(gold, predictions, train, layout_of(gold, format), protocol, resamples)
    print(text.dumps(document) if json else score_table(document))


def overlap(
    *,
    train: File,
    test: File,
    format: Layout = "auto",
    unit: Unit = "char3",
    threshold: float = 0.8,
    images_train: Folder = None,
    images_test: Folder = None,
    image_distance: int = 4,
    json: bool = False,
) -> None:
    """What test posts share with training posts.

    Args:
        train: The training posts.
        test: The test posts.
        format: Of both; by the file's ending unless given.
        unit: What two texts are compared by.
        threshold: From which Jaccard similarity texts count as near, above 0 and up to 1.
        images_train: Folder of the training posts' images.
        images_test: Folder of the test posts' images.
        image_distance: Bits of 64 that may differ between the signatures of near images.
        json: Print one JSON document.
    """
    from mmkp_core.overlap.files import Side, overlap_files

    sides = Side(train, images_train), Side(test, images_test)
    document = overlap_files(*sides, layout_of(train, format), unit, threshold, image_distance)
    print(text.dumps(document) if json else overlap_table(document))


def layout_of(path: Path, format: Literal["auto"] | Format) -> Format:
    from mmkp_core.data.readers import format_of_name

    return format_of_name(path) if format == "auto" else format


def score_table(document: Mapping[str, Any]) -> str:
    """Percent, a line for each slice, with the intervals below where there are any."""
    protocols = document.get("protocols") or {document["protocol"]: document}
    lines = [f"{document['posts']:,} posts"]
    for protocol, found in protocols.items():
        slices = found["scores"]
        metrics = list(next(iter(slices.values())))
        lines += ["", f"{protocol:<10}" + "".join(f"{metric:>9}" for metric in metrics)]
        for name, scores in slices.items():
            lines.append(f"{name:<10}" + "".join(f"{100 * scores[metric]:9.2f}" for metric in metrics))
            if between := found.get("intervals", {}).get(name):
                ends = [f"{100 * between[m][0]:.0f}-{100 * between[m][1]:.0f}" for m in metrics if m in between]
                lines.append(f"{'':<10}" + "".join(f"{end:>9}" for end in ends))
    return "\n".join(lines)


def overlap_table(document: Mapping[str, Any]) -> str:
    """Counts of test posts, and of their labels that training has."""
    posts, labels = document["posts"], document["labels"]
    lines = [f"{posts['train']:,} train posts, {posts['test']:,} test posts"]
    for name, count in document["test_posts"].items():
        lines.append(f"{name.replace('_', ' '):<20}{count:>9,}  {100 * count / max(posts['test'], 1):6.2f} %")
    lines.append(f"{'labels seen':<20}{labels['occurrences_seen']:>9,}  of {labels['occurrences']:,} occurrences")
    lines.append(f"{'':<20}{labels['distinct_seen']:>9,}  of {labels['distinct']:,} distinct")
    return "\n".join(lines)
