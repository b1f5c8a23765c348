"""What a report says of scores: who leads, where systems differ, what reasoning, a leak and a new champion bring."""

from collections.abc import Iterable, Mapping, Sequence, Set

from mmkp_core.evaluation.effort import Effort, by_effort, token_bounds
from mmkp_core.evaluation.protocols import ScoreTable
from mmkp_core.evaluation.significance import compare, intervals, standings
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.report.page import (
    Cell,
    DecisionRow,
    Leaderboard,
    LeaderRow,
    LeakRow,
    ReasoningRow,
    SliceChart,
    SliceScore,
)
from storage.store import Store
from tasks.evaluate import by_head, gold_and_train, leaked_posts
from tasks.report_entries import Entry
from tasks.runs import run_names

BOARDS = {"cmkp": ("f1@1", "f1@3", "map@5"), "aimkp": ("f1@1", "f1@3", "map@5"), "strict": ("f1@1", "f1@3", "map@5")}
LEAST_REASONED = 0.05  # of its answers: a stray one makes no system that reasons


def boards(store: Store, entries: Sequence[Entry]) -> Iterable[Leaderboard]:
    tables: dict[tuple[int, str], Mapping[str, ScoreTable]] = {}
    for number, entry in enumerate(entries):
        for head, card in _tables(store, entry).items():
            tables[number, head] = card
    scored = {row["protocol"] for entry in entries for row in entry.scores}
    for protocol, metrics in BOARDS.items():
        of_protocol = {key: card[protocol] for key, card in tables.items() if protocol in scored}
        if not of_protocol:
            continue
        named = {f"{number}/{head}": [table] for (number, head), table in of_protocol.items()}
        marks = {metric: standings(named, metric=metric) for metric in metrics}
        rows = []
        for number, head in of_protocol:
            entry = entries[number]
            figures = {
                row["metric"]: row
                for row in entry.scores
                if (row["head"], row["protocol"], row["slice"]) == (head, protocol, "all")
            }
            rows.append(
                LeaderRow(
                    system=entry.title,
                    kind=entry.system.kind,
                    head="" if len(entry.heads) == 1 else head,
                    note=entry.note,
                    cells=tuple(
                        Cell(figures[m]["value"], figures[m]["low"], figures[m]["high"], marks[m][f"{number}/{head}"])
                        if m in figures
                        else None
                        for m in metrics
                    ),
                )
            )
        posts = max(row["posts"] for entry in entries for row in entry.scores if row["slice"] == "all")
        yield Leaderboard(
            protocol=protocol, metrics=metrics, rows=tuple(rows), posts=posts, confidence=entries[0].confidence
        )


def _tables(store: Store, entry: Entry, leaked: Set[str] | None = None) -> dict[str, dict[str, ScoreTable]]:
    """head -> protocol -> per-post table: what two systems are compared by."""
    from mmkp_core.evaluation.scorecard import evaluate

    gold, _ = gold_and_train(store, entry.predictions)
    spec = EvaluateSpec(protocol="all", resamples=0)
    said = by_head(store, entry.predictions)
    return {
        head: {str(name): table for name, table in evaluate(gold, predictions, spec, leaked=leaked).tables.items()}
        for head, predictions in said.items()
    }


def slice_charts(entries: Sequence[Entry]) -> Iterable[SliceChart]:
    kinds = sorted({r["slice"] for e in entries for r in e.scores if r["slice"].startswith("kind:")})
    charts = (
        ("In the text or not, trained on or not", ["present", "absent", "seen", "unseen"], "f1@1", ""),
        (
            "By where the phrase can be read",
            kinds,
            "r@5",
            "Recall within five phrases: a guess has no kind, so only recall can be asked of one.",
        ),
    )
    for title, slices, metric, caption in charts:
        scores = tuple(
            SliceScore(
                system=entry.label(head),
                slice=row["slice"].removeprefix("kind:"),
                cell=Cell(row["value"], row["low"], row["high"]),
                posts=row["posts"],
            )
            for entry in entries
            for head in entry.heads[:1]
            for row in entry.scores
            if (row["head"], row["protocol"], row["metric"]) == (head, "cmkp", metric) and row["slice"] in slices
        )
        if scores:
            yield SliceChart(title=title, protocol="cmkp", metric=metric, scores=scores, caption=caption)


def reasoning(store: Store, entries: Sequence[Entry]) -> Iterable[ReasoningRow]:
    """Score by length of the answer, for systems that write theirs out and at times reason before it."""
    efforts: dict[int, dict[str, Effort]] = {}
    for number, entry in enumerate(entries):
        rows = store.table(store.require(entry.predictions), "predictions").to_pylist()
        written = {
            row["post_id"]: Effort(bool(row["reasoning"]), row["tokens"], row["steps"], row["seconds"])
            for row in rows
            if row["head"] == entry.heads[0] and row["tokens"] is not None
        }
        if written and sum(effort.reasoned for effort in written.values()) >= LEAST_REASONED * len(written):
            efforts[number] = written
    bounds = token_bounds(effort for written in efforts.values() for effort in written.values())
    for number, written in efforts.items():
        entry = entries[number]
        for row in by_effort(_tables(store, entry)[entry.heads[0]]["cmkp"], written, bounds):
            yield ReasoningRow(
                system=entry.label(entry.heads[0]),
                bucket=row.group,
                mean_tokens=row.tokens,
                mean_steps=row.steps,
                mean_seconds=row.seconds,
                posts=row.posts,
                cell=Cell(row.value, row.low, row.high),
            )


def decision_rows(store: Store, decisions: Sequence[ArtifactRef]) -> Iterable[DecisionRow]:
    """The newest first."""
    called = {run.address: name for run, name in run_names().items()}
    for ref in reversed(decisions):
        record = store.require(ref)
        facts = record.facts
        compared = "difference" in facts
        yield DecisionRow(
            when=f"{record.made_at:%Y-%m-%d %H:%M}",
            challenger=called.get(facts["challenger"], facts["challenger"]),
            champion=called.get(facts["champion"], facts["champion"]) if facts["champion"] else "",
            promoted=facts["verdict"] in ("first", "promoted"),
            metric=facts["metric"].rpartition(" ")[2] if compared else "",
            difference=Cell(facts["difference"], facts["low"], facts["high"]) if compared else None,
            p_value=facts.get("p_value", 1.0),
            posts=facts.get("posts", 0),
            reason="; ".join(facts["reasons"]),
        )


def leaks(store: Store, leaky: Sequence[Entry], purged: Sequence[Entry]) -> Iterable[LeakRow]:
    """What copies among the training posts add, by system; nothing where no test post leaks."""
    for entry in leaky:
        leaked = leaked_posts(store, entry.predictions)
        clean = next((other for other in purged if other.id == entry.id), None)
        if not leaked or clean is None:
            continue
        head = entry.heads[0]
        both = [_tables(store, one, leaked)[head]["cmkp"] for one in (entry, clean)]
        spread = [intervals([t], resamples=2000, confidence=entry.confidence, seed=0) for t in both]
        cells = [
            Cell(table.slices["leaked"].value("f1@1"), *found["cmkp", "leaked", "f1@1"])
            for table, found in zip(both, spread, strict=True)
        ]
        worths = []
        for part in ("leaked", "all"):
            difference = compare([both[0]], [both[1]], slice=part, confidence=entry.confidence)
            worths.append(Cell(difference.difference, difference.low, difference.high))
        yield LeakRow(
            system=entry.label(entry.heads[0]),
            posts=both[0].slices["leaked"].posts,
            leaked=cells[0],
            purged=cells[1],
            worth=worths[0],
            worth_of_all=worths[1],
        )
