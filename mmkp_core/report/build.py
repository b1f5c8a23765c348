"""The report of one or several splits, built from its material."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmkp_core.report.entrants import entrants
from mmkp_core.report.material import Material, SplitMaterial
from mmkp_core.report.page import Curve, Note, ReportData
from mmkp_core.report.post_rows import QuarantineRow
from mmkp_core.report.score_rows import SliceChart
from mmkp_core.report.sections.data import PAIRS, content_rows, data_row, image_row, match_row, pairs, quarantine
from mmkp_core.report.sections.examples import EXAMPLES, cards
from mmkp_core.report.sections.leaks import leaks
from mmkp_core.report.sections.reasoning import reasoning
from mmkp_core.report.sections.runs import curves, drawn_runs, facts, stages, stand_ins
from mmkp_core.report.sections.scores import boards, overview, slice_charts

PARTS = ("train", "valid", "test")


def build_report(material: Material) -> ReportData:
    """Every section that there is material for; with several splits each row says whose it is."""
    page = _Page(material)
    rows = [row for _, of_split in page.splits for row in of_split]
    drawn = drawn_runs(rows)
    return ReportData(
        title=material.title,
        made=material.made,
        subtitle=page.subtitle(),
        counts=page.counts(),
        facts=tuple(facts(material)),
        notes=tuple(Note(text, "warning") for text in stand_ins(material)),
        **page.of_scores(),
        **page.of_posts(),
        decisions=material.decisions,
        leaks=tuple(leaks(entrants(material.leaky), entrants(material.purged))),
        curves=tuple(_curves(drawn)),
        curves_left=sum(len(row.runs) for row in rows) - len(drawn),
        stages=tuple(stages(material.work)),
        quarantine=tuple(page.quarantine()),
    )


class _Page:
    def __init__(self, material: Material) -> None:
        self.splits = [(split, entrants(split.runs)) for split in material.splits]
        self.several = len(material.splits) > 1

    def name(self, split: SplitMaterial) -> str:
        return split.name if self.several else ""

    def told(self, split: SplitMaterial, what: str) -> str:
        return f"{split.name}, {what}" if self.several else what

    def of_scores(self) -> dict[str, Any]:
        found = [board for split, rows in self.splits for board in boards(rows, self.name(split))]
        charts: list[SliceChart | None] = [overview(found)]
        charts += [chart for split, rows in self.splits for chart in slice_charts(rows, self.name(split))]
        return {
            "boards": tuple(found),
            "slices": tuple(chart for chart in charts if chart),
            "reasoning": tuple(row for split, rows in self.splits for row in reasoning(rows, self.name(split))),
        }

    def of_posts(self) -> dict[str, Any]:
        share = len(self.splits) or 1
        parts = [
            (self.told(split, part), split.examples[part], split)
            for split, _ in self.splits
            for part in PARTS
            if split.examples.get(part)
        ]
        return {
            "examples": tuple(
                card
                for split, rows in self.splits
                for card in cards(split, rows, self.told(split, "test"), EXAMPLES // share)
            ),
            "examples_of": sum(len(split.examples["test"]) for split, _ in self.splits),
            "data": tuple(data_row(name, examples) for name, examples, _ in parts),
            "images": tuple(image_row(name, examples, split) for name, examples, split in parts),
            "contents": tuple(content_rows(example for _, examples, _ in parts for example in examples)),
            "matches": tuple(row for name, examples, _ in parts if (row := match_row(name, examples))),
            "overlaps": tuple(
                replace(row, measure=self.told(split, row.measure))
                for split, _ in self.splits
                for row in split.overlaps
            ),
            "pairs": tuple(
                row
                for split, _ in self.splits
                if split.pairs is not None
                for row in pairs(split.pairs, _texts(split), PAIRS // share)
            ),
        }

    def quarantine(self) -> Iterator[QuarantineRow]:
        by_dataset = {split.dataset: split.quarantine for split, _ in self.splits}
        for rejected in by_dataset.values():
            if rejected:
                yield from quarantine(rejected())

    def subtitle(self) -> str:
        runs = [row for split, _ in self.splits for row in split.runs]
        systems = {run.system.id for run in runs}
        test, train = (sum(len(split.examples[part]) for split, _ in self.splits) for part in ("test", "train"))
        what = f"{_several(len(runs), 'run')} of {_several(len(systems), 'system')}"
        if self.several:
            return f"{what} on {len(self.splits)} splits with {test:,} test posts"
        return f"{test:,} test posts, {what}, trained on {train:,} posts"

    def counts(self) -> Mapping[str, int]:
        given = {name: split for split, _ in self.splits for name in [split.dataset]}
        posts = [example.post for split in given.values() for part in PARTS for example in split.examples.get(part, ())]
        return {
            "posts": len(posts),
            "runs": sum(len(split.runs) for split, _ in self.splits),
            "test posts": sum(len(split.examples["test"]) for split, _ in self.splits),
            "distinct keyphrases": len({phrase for post in posts for phrase in post.keyphrases}),
        }


def _curves(drawn: Sequence[tuple[str, Any]]) -> Iterator[Curve]:
    for label, run in drawn:
        yield from curves(label, run)


def _texts(split: SplitMaterial) -> dict[str, str]:
    return {e.post.post_id: e.post.text for examples in split.examples.values() for e in examples}


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
