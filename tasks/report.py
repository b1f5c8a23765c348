"""The report of a split's runs: gathered from the store, rendered by the core, kept as an artifact."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime

from prefect.artifacts import create_link_artifact, create_markdown_artifact

from mmkp_core.data.phrases import is_present
from mmkp_core.data.post import Example, Post
from mmkp_core.data.text import source_form, tokens
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.effort import Effort, by_effort, token_bounds
from mmkp_core.evaluation.protocols import ScoreTable
from mmkp_core.evaluation.significance import compare, intervals, standings
from mmkp_core.evaluation.spec import EvaluateSpec
from mmkp_core.identity import ArtifactRef
from mmkp_core.report.html import render_html
from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.page import (
    Answer,
    Cell,
    Curve,
    DecisionRow,
    ExampleCard,
    Fact,
    Gold,
    Guess,
    ImageFacts,
    Leaderboard,
    LeaderRow,
    LeakRow,
    Note,
    OverlapRow,
    PairRow,
    QuarantineRow,
    ReasoningRow,
    ReportData,
    SliceChart,
    SliceScore,
    SplitFacts,
    Stage,
)
from mmkp_core.report.thumbnails import thumbnail
from mmkp_core.seeding import python_generator
from mmkp_core.systems import System, systems
from storage.records import Record
from storage.store import Draft, Store
from tasks.evaluate import by_head, gold_and_train, leaked_posts, phrase_kinds
from tasks.examples import dataset_parts, dataset_posts, examples, image_keys, part_posts, plain, split_dataset
from tasks.store import build_once, flow_run_id, open_store
from tasks.stored import stored_task

VERSION = 4
PARTS = ("train", "valid", "test")
BOARDS = {"cmkp": ("f1@1", "f1@3", "map@5"), "aimkp": ("f1@1", "f1@3", "map@5"), "strict": ("f1@1", "f1@3", "map@5")}
COUNTED = frozenset({"answer_tokens", "rationale_tokens", "gamma_quantile", "l_sft"})
"""Figures of a training that are no losses; the view `curves` has them."""
STATUSES = ("accepted", "rejected", "failed")
EXAMPLES = 120
PAIRS = 30
LEAST_REASONED = 0.05  # of its answers: a stray one makes no system that reasons
ANSWERS = 5  # systems shown beside each other for one post


@stored_task()
def make_report(
    title: str,
    split: ArtifactRef,
    enriched: ArtifactRef,
    scores: Sequence[ArtifactRef],
    leaky: Sequence[ArtifactRef] = (),
    purged: Sequence[ArtifactRef] = (),
    decisions: Sequence[ArtifactRef] = (),
    notes: Sequence[str] = (),
    rebuild: bool = False,
) -> ArtifactRef:
    """One page about a split: its posts, and what each system made of them.

    `leaky` are scores on a split whose test posts have copies among the training posts, `purged` those on the same
    test posts without such copies.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        data = gather(store, title, split, enriched, scores, leaky, purged, decisions, notes)
        (draft.folder / "report.html").write_text(render_html(data), encoding="utf-8")
        (draft.folder / "report.md").write_text(render_markdown(data), encoding="utf-8")
        draft.facts["title"] = title

    spec = {"title": title, "notes": list(notes)}
    inputs = [split, enriched, *scores, *leaky, *purged, *decisions]
    return build_once("report", spec, inputs, build, version=VERSION, rebuild=rebuild)


@stored_task()
def show_report(report: ArtifactRef) -> str:
    """The report in the UI: a link that `mmkp serve` answers, and its Markdown. Returns where the page is."""
    store = open_store()
    record = store.require(report)
    key = f"report-{report.fingerprint}"
    title = record.facts["title"]
    create_link_artifact(link=f"/reports/{report.fingerprint}/report.html", link_text=title, key=f"{key}-page")
    create_markdown_artifact(store.read(record, "report.md").decode(), key=key, description=title)
    return str(store.local(record, "report.html"))


def gather(
    store: Store,
    title: str,
    split: ArtifactRef,
    enriched: ArtifactRef,
    scores: Sequence[ArtifactRef],
    leaky: Sequence[ArtifactRef],
    purged: Sequence[ArtifactRef],
    decisions: Sequence[ArtifactRef],
    notes: Sequence[str],
) -> ReportData:
    dataset = split_dataset(store, split)
    posts = {part: part_posts(store, split, part) for part in PARTS}
    given = {part: examples(store, posts[part], enriched) for part in PARTS}
    table = systems()
    rows = _entries(store, table, map(store.require, scores))
    runs = [entry.run for entry in rows]
    made = datetime.now(UTC)
    return ReportData(
        title=title,
        made=f"{made:%d %B %Y, %H:%M} UTC",
        subtitle=(
            f"{len(posts['test']):,} test posts, {_several(len(runs), 'run')} of "
            f"{_several(len({entry.id for entry in rows}), 'system')}, trained on {len(posts['train']):,} posts"
        ),
        counts={
            "posts": sum(map(len, posts.values())),
            "runs": len(runs),
            "test posts": len(posts["test"]),
            "distinct keyphrases": len({p for part in posts.values() for post in part for p in post.keyphrases}),
        },
        facts=tuple(_facts(store, split, enriched, runs)),
        notes=tuple(Note(text, "warning") for text in notes),
        boards=tuple(_boards(store, rows)),
        slices=tuple(_slice_charts(rows)),
        reasoning=tuple(_reasoning(store, rows)),
        decisions=tuple(_decisions(store, decisions)),
        examples=tuple(_cards(store, rows, given["test"], posts["train"])),
        examples_of=len(posts["test"]),
        splits=tuple(_split_facts(part, posts[part]) for part in PARTS if posts[part]),
        images=tuple(_image_facts(store, dataset, part, given[part]) for part in PARTS if posts[part]),
        overlaps=tuple(_overlaps(store, split)),
        pairs=tuple(_pairs(store, split, dataset)),
        leaks=tuple(_leaks(store, *(_entries(store, table, map(store.require, refs)) for refs in (leaky, purged)))),
        curves=tuple(_curves(store, rows)),
        stages=tuple(_stages(store, dataset, enriched, split, rows)),
        quarantine=tuple(_quarantine(store, dataset)),
    )


class Entry:
    """One scored run: its system's row, its scores by head, and how it is called on the page."""

    def __init__(self, store: Store, table: Mapping[str, System], record: Record, run_name: str = "") -> None:
        self.record = record
        self.id: str = record.facts["system"]
        self.system = table[self.id]
        self.predictions = ArtifactRef.parse(record.facts["predictions"])
        self.scores = store.table(record, "scores").to_pylist()
        self.heads: list[str] = list(dict.fromkeys(row["head"] for row in self.scores))
        self.title = f"{self.system.title}, run {run_name}" if run_name else self.system.title
        self.run = store.require(ArtifactRef.parse(record.facts["run"]))
        self.note = _backbone(self.run)

    def label(self, head: str) -> str:
        """The system's name, with its backbone, and with the head where it is not the system's own answer."""
        noted = f"{self.title} ({self.note})" if self.note else self.title
        return noted if head == self.heads[0] else f"{noted}, {head}"


def _entries(store: Store, table: Mapping[str, System], scores: Iterable[Record]) -> list[Entry]:
    """In the order of the table of systems; runs of one system are told apart by their names."""
    order = list(table)
    records = sorted(scores, key=lambda record: order.index(record.facts["system"]))
    several = {system for system, count in Counter(r.facts["system"] for r in records).items() if count > 1}
    called = _run_names(store)
    return [
        Entry(store, table, r, called.get(r.facts["run"], r.facts["run"]) if r.facts["system"] in several else "")
        for r in records
    ]


def _run_names(store: Store) -> dict[str, str]:
    """The name that each run bears now, by address."""
    return {v.target.address: v.name.partition("/")[2] for v in store.names.current() if v.name.startswith("run/")}


def _backbone(run: Record) -> str:
    """The last part of a vision-language run's backbone, `tiny` or `Qwen2.5-VL-3B-Instruct`; empty for others."""
    backbone: str = plain(run.spec["spec"]).get("backbone", "") if run.facts["family"] == "vlm" else ""
    return backbone.rstrip("/").rpartition("/")[2]


def _boards(store: Store, entries: Sequence[Entry]) -> Iterable[Leaderboard]:
    tables: dict[tuple[int, str], Mapping[str, ScoreTable]] = {}
    for number, entry in enumerate(entries):
        for head, card in _tables(store, entry).items():
            tables[number, head] = card
    confidence = EvaluateSpec().confidence
    for protocol, metrics in BOARDS.items():
        of_protocol = {key: card[protocol] for key, card in tables.items() if protocol in card}
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
        yield Leaderboard(protocol=protocol, metrics=metrics, rows=tuple(rows), posts=posts, confidence=confidence)


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


def _slice_charts(entries: Sequence[Entry]) -> Iterable[SliceChart]:
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


def _reasoning(store: Store, entries: Sequence[Entry]) -> Iterable[ReasoningRow]:
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


def _decisions(store: Store, decisions: Sequence[ArtifactRef]) -> Iterable[DecisionRow]:
    """The newest first."""
    called = _run_names(store)
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


def _leaks(store: Store, leaky: Sequence[Entry], purged: Sequence[Entry]) -> Iterable[LeakRow]:
    """What copies among the training posts add, by system; nothing where no test post leaks."""
    for entry in leaky:
        leaked = leaked_posts(store, entry.predictions)
        clean = next((other for other in purged if other.id == entry.id), None)
        if not leaked or clean is None:
            continue
        head = entry.heads[0]
        both = [_tables(store, one, leaked)[head]["cmkp"] for one in (entry, clean)]
        spread = [intervals([t], resamples=2000, confidence=EvaluateSpec().confidence, seed=0) for t in both]
        cells = [
            Cell(table.slices["leaked"].value("f1@1"), *found["cmkp", "leaked", "f1@1"])
            for table, found in zip(both, spread, strict=True)
        ]
        worths = []
        for part in ("leaked", "all"):
            difference = compare([both[0]], [both[1]], slice=part)
            worths.append(Cell(difference.difference, difference.low, difference.high))
        yield LeakRow(
            system=entry.label(entry.heads[0]),
            posts=both[0].slices["leaked"].posts,
            leaked=cells[0],
            purged=cells[1],
            worth=worths[0],
            worth_of_all=worths[1],
        )


def _cards(
    store: Store, entries: Sequence[Entry], given: Sequence[Example], train: Sequence[Post]
) -> Iterable[ExampleCard]:
    """Test posts drawn at random, each with what the leading systems said of it."""
    chosen = list(given)
    python_generator(0, "report", "examples").shuffle(chosen)
    chosen = chosen[:EXAMPLES]
    labels = {phrase for post in train for phrase in post.keyphrases}
    kinds = phrase_kinds([example.post for example in chosen]) or {}
    said: list[tuple[str, dict[str, list[tuple[str, bool]]], dict[str, str]]] = []
    for entry in entries[-ANSWERS:]:
        rows = store.table(entry.record, "hits").to_pylist()
        answers: dict[str, list[tuple[str, bool]]] = {}
        for row in rows:
            if row["head"] == entry.heads[0] and row["rank"] <= 5:
                answers.setdefault(row["post_id"], []).append((row["phrase"], row["correct"]))
        said.append((entry.label(entry.heads[0]), answers, _reasons(store, entry)))
    for example in chosen:
        post = example.post
        source = source_form(post.text)
        yield ExampleCard(
            post_id=post.post_id,
            text=post.text,
            gold=tuple(
                Gold(p, is_present(p, source), p in labels, kinds.get(post.post_id, {}).get(p, ""))
                for p in post.keyphrases
            ),
            answers=tuple(
                Answer(
                    name,
                    tuple(Guess(phrase, right) for phrase, right in answers.get(post.post_id, ())),
                    reasons.get(post.post_id, ""),
                )
                for name, answers, reasons in said
            ),
            thumbnail=_thumbnail(store, post),
            image_name=post.image_ref or "",
            image_words=example.image_words,
            attributes=example.attributes,
            entities=example.entities,
        )


def _reasons(store: Store, entry: Entry) -> dict[str, str]:
    """post id -> the reasoning that the system wrote before its answer"""
    rows = store.table(store.require(entry.predictions), "predictions", ["post_id", "reasoning"]).to_pylist()
    return {row["post_id"]: row["reasoning"] for row in rows if row["reasoning"]}


def _thumbnail(store: Store, post: Post) -> bytes:
    if not post.image:
        return b""
    try:
        return thumbnail(store.images.read(post.image))
    except WrongInput:  # damaged at its source; the image facts count it
        return b""


def _split_facts(part: str, posts: Sequence[Post]) -> SplitFacts:
    words = [tokens(post.text) for post in posts]
    phrases = [(phrase, source_form(post.text)) for post in posts for phrase in post.keyphrases]
    count = max(len(phrases), 1)
    return SplitFacts(
        split=part,
        posts=len(posts),
        tokens_per_post=sum(map(len, words)) / len(posts),
        keyphrases_per_post=len(phrases) / len(posts),
        distinct_keyphrases=len({phrase for phrase, _ in phrases}),
        words_per_keyphrase=sum(len(phrase.split()) for phrase, _ in phrases) / count,
        present_share=sum(is_present(phrase, source) for phrase, source in phrases) / count,
        vocabulary=len({word for text in words for word in text}),
    )


def _image_facts(store: Store, dataset: ArtifactRef, part: str, given: Sequence[Example]) -> ImageFacts:
    fine = image_keys(store, dataset)
    damaged = {**image_keys(store, dataset, "unreadable"), **image_keys(store, dataset, "too_large")}
    keyed = [example.post.image_key for example in given if example.post.image_key]
    return ImageFacts(
        split=part,
        posts=len(given),
        with_image=sum(key in fine for key in keyed),
        missing=sum(key not in fine and key not in damaged for key in keyed),
        damaged=sum(key in damaged for key in keyed),
        with_words=sum(bool(example.image_words) for example in given),
    )


def _overlaps(store: Store, split: ArtifactRef) -> Iterable[OverlapRow]:
    for row in store.require(split).facts.get("overlaps", ()):
        yield OverlapRow(**{**row, "measure": row["measure"].replace("_", " ")})


def _pairs(store: Store, split: ArtifactRef, dataset: ArtifactRef) -> Iterable[PairRow]:
    """The likest pairs that stood on two sides before, and where they stand now."""
    record = store.require(split)
    if not record.file("overlaps.parquet"):
        return
    rows = [row for row in store.table(record, "overlaps").to_pylist() if row["measure"].startswith("near_")]
    texts = {post.post_id: post.text for post in dataset_posts(store, dataset)}
    rows.sort(key=lambda row: (row["measure"], -row["score"] if row["measure"] == "near_text" else row["score"]))
    for row in rows[:PAIRS]:
        left, right = row["left_part"], row["right_part"]
        yield PairRow(
            kind=row["measure"].replace("_", " "),
            similarity=row["score"],
            train_id=row["left_id"],
            train_text=texts[row["left_id"]],
            test_id=row["right_id"],
            test_text=texts[row["right_id"]],
            verdict=f"both in {left}" if left == right else f"{left} and {right}",
        )


def _curves(store: Store, entries: Sequence[Entry]) -> Iterable[Curve]:
    """The losses of each run: `phase/train/loss` beside `phase/valid/loss`, as the loop names them."""
    for entry in entries:
        series: dict[str, list[tuple[float, float]]] = {}
        for row in store.table(entry.run, "curves").to_pylist():
            series.setdefault(row["name"], []).append((row["step"], row["value"]))
        for name, points in series.items():
            phase, mark, loss = name.rpartition("train/")
            if mark and loss not in COUNTED:
                yield Curve(
                    run=f"{entry.label(entry.heads[0])}: {phase.strip('/') or 'training'}, {loss.replace('_', ' ')}",
                    train=tuple(points),
                    valid=tuple(series.get(f"{phase}valid/{loss}", ())),
                    unit="step",
                    value_name="share" if loss.startswith("share") else "loss",
                )


def _stages(
    store: Store,
    dataset: ArtifactRef,
    enriched: ArtifactRef,
    split: ArtifactRef,
    entries: Sequence[Entry],
) -> Iterable[Stage]:
    """Seconds of each stage's builds, and whether they were there before this flow run."""
    enrichment = store.require(enriched)
    by_kind: dict[str, list[Record]] = {"ingest": dataset_parts(store, dataset)}
    for ref in enrichment.inputs:
        if ref.group:
            by_kind.setdefault(ref.kind, []).append(store.require(ref))
    by_kind["split"] = [store.require(split)]
    if taught := _taught(store, [entry.run for entry in entries]):
        by_kind["teach"] = taught
    for entry in entries:
        by_kind[f"train {entry.label(entry.heads[0])}"] = [entry.run]
    by_kind["predict"] = [store.require(entry.predictions) for entry in entries]
    by_kind["evaluate"] = [entry.record for entry in entries]
    current = flow_run_id()
    for name, records in by_kind.items():
        yield Stage(
            name=name,
            seconds=sum(record.facts.get("asked_seconds", record.seconds) for record in records),
            reused=all(record.provenance.get("flow_run") != current for record in records),
            detail=f"{len(records)} parts" if len(records) > 1 else "",
        )


def _facts(store: Store, split: ArtifactRef, enriched: ArtifactRef, runs: Sequence[Record]) -> Iterable[Fact]:
    record, enrichment = store.require(split), store.require(enriched)
    yield Fact("data set", str(record.facts["dataset"]))
    yield Fact("split", f"{record.facts.get('kind', '')} ({split})")
    for kind, sources in enrichment.facts["sources"].items():
        yield Fact(kind, ", ".join(source["name"] for source in sources) or "none")
    for taught in _taught(store, runs):
        counts = ", ".join(f"{taught.facts[status]:,} {status}" for status in STATUSES if status in taught.facts)
        yield Fact("teacher", f"{taught.facts['model']}: {counts}")
    zeroed = {
        run.facts["system"]: run.facts["posts_without_image"] for run in runs if "posts_without_image" in run.facts
    }
    if zeroed:
        yield Fact("training posts with a zero image", ", ".join(f"{k}: {v}" for k, v in zeroed.items()))
    if commit := record.provenance.get("commit"):
        yield Fact("code", commit[:12])


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _taught(store: Store, runs: Sequence[Record]) -> list[Record]:
    """The teaching that the runs learned from."""
    refs = dict.fromkeys(ref for run in runs for ref in run.inputs if ref.kind == "taught")
    return [store.require(ref) for ref in refs]


def _quarantine(store: Store, dataset: ArtifactRef) -> Iterable[QuarantineRow]:
    parts = [part for part in dataset_parts(store, dataset) if part.file("quarantine.parquet")]
    if not parts:
        return
    rows = store.table(parts, "quarantine").to_pylist()
    for reason, count in Counter(row["reason"] for row in rows).most_common():
        first = next(row for row in rows if row["reason"] == reason)
        yield QuarantineRow(reason, count, f"{first['source']}:{first['line']}: {first['raw'] or first['detail']}")
