"""`mmkp`: parses a command, calls a flow or a query, prints.

Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 the work failed, 2 the
command was wrong. Heavy libraries load inside the commands that need them, so that help comes at once.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmkp_core.errors import MmkpError, WrongInput

FORMATS = ("auto", "cmkp", "mm-mkp", "aimkp", "trc", "jsonl", "csv", "parquet")
PROTOCOLS = ("cmkp", "aimkp", "strict", "all")
UNITS = ("word", "word3", "char3", "char5")


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.home:
        os.environ["MMKP_HOME"] = arguments.home
    try:
        arguments.run(arguments)
    except WrongInput as error:
        _fail(error, 2)
    except MmkpError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on where this one stopped", 130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: object, status: int) -> None:
    print(f"mmkp: {error}", file=sys.stderr)
    sys.exit(status)


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="mmkp", description="Posts of text and image to trained, honestly measured keyphrase predictors."
    )
    top.add_argument("--home", help="where results are kept: a folder or an fsspec URL (MMKP_HOME, ./mmkp-data)")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return made

    def flow_command(name: str, run: Callable[[argparse.Namespace], None], about: str) -> argparse.ArgumentParser:
        made = command(name, run, about)
        made.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
            help="change a setting by its dotted name, like ocr.engine=rapid; may be repeated",
        )  # fmt: skip
        made.add_argument("--config", type=Path, help="settings from a TOML, JSON or YAML file; --set counts more")
        made.add_argument("--rebuild", action="store_true", help="make it again although it is there")
        return made

    demo = flow_command("demo", run_demo, "the whole pipeline on generated posts; prints where the report is")
    demo.add_argument("--posts", type=int, help="how many posts to generate")
    demo.add_argument("--seed", type=int, help="another seed, other posts")

    ingest = flow_command("ingest", run_ingest, "posts from a file into the store")
    ingest.add_argument("source", help="the file of posts")
    _source_options(ingest)
    ingest.add_argument("--name", help="of the data set; the file's name unless given")
    ingest.add_argument("--append", action="store_true", help="add to the data set that bears the name")

    enrich = flow_command("enrich", run_enrich, "words, attributes and features of a data set's images")
    enrich.add_argument("dataset")

    split = flow_command("split", run_split, "train, valid and test parts of a data set")
    split.add_argument("dataset")
    split.add_argument("--name", help="of the split; the data set's name and the kind unless given")

    train = flow_command("train", run_train, "train a system on a split, a data set or a file")
    train.add_argument("system", help="an id from `mmkp systems`")
    train.add_argument("--train", required=True, metavar="DATA", dest="data", help="name in the store, or a file")
    held = train.add_mutually_exclusive_group()
    held.add_argument("--valid", metavar="DATA", help="validate on this")
    held.add_argument("--valid-share", type=float, metavar="SHARE", help="validate on this share of the data")
    _source_options(train)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--name", help="of the run; data and system unless given")

    predict = flow_command("predict", run_predict, "phrases for posts, by a trained run")
    predict.add_argument("--run", required=True, metavar="RUN", dest="model", help="name of a run, or `champion`")
    predict.add_argument("--input", required=True, metavar="DATA", dest="data", help="name in the store, or a file")
    _source_options(predict)
    predict.add_argument("--output", required=True, type=Path, help=".txt, .jsonl or .parquet")
    predict.add_argument("--head", help="which of the system's answers; its own unless given")

    evaluate = command("evaluate", run_evaluate, "score a file of predictions; starts no server")
    evaluate.add_argument("--protocol", choices=PROTOCOLS, default="cmkp")
    evaluate.add_argument("--gold", required=True, type=Path, metavar="FILE")
    evaluate.add_argument("--predictions", required=True, type=Path, metavar="FILE")
    evaluate.add_argument("--train", type=Path, metavar="FILE", help="training posts, for seen and unseen")
    evaluate.add_argument("--format", choices=FORMATS, default="auto", help="of gold and training posts")
    evaluate.add_argument("--resamples", type=int, default=0, help="bootstrap draws for intervals; none unless given")
    evaluate.add_argument("--json", action="store_true")

    compare = command("compare", run_compare, "whether one run is better than another; starts no server")
    compare.add_argument("ours", metavar="RUN", help="name of a run; several training seeds with commas between")
    compare.add_argument("theirs", metavar="OTHER", help="the run or runs that it is compared with")
    compare.add_argument("--protocol", choices=PROTOCOLS[:-1], default="cmkp")
    compare.add_argument("--confidence", type=float, default=0.95, help="of the intervals")
    compare.add_argument("--json", action="store_true")

    overlap = command("overlap", run_overlap, "what test posts share with training posts; starts no server")
    overlap.add_argument("--train", required=True, type=Path, metavar="FILE")
    overlap.add_argument("--test", required=True, type=Path, metavar="FILE")
    overlap.add_argument("--format", choices=FORMATS, default="auto")
    overlap.add_argument("--unit", choices=UNITS, default="char3")
    overlap.add_argument("--threshold", type=float, default=0.8)
    overlap.add_argument("--images-train", type=Path, metavar="DIR")
    overlap.add_argument("--images-test", type=Path, metavar="DIR")
    overlap.add_argument("--image-distance", type=int, default=4, help="bits of 64 that may differ")
    overlap.add_argument("--json", action="store_true")

    query = command("query", run_query, "SQL over everything in the store")
    query.add_argument("sql", nargs="?", default="", help="without it, the views and their columns")
    query.add_argument("--format", choices=("table", "json", "csv", "parquet"), default="table")

    listed = command("systems", run_systems, "every system, its family, paper and needs")
    listed.add_argument("--json", action="store_true")

    pipeline = flow_command("pipeline", run_pipeline, "a file of posts through every stage to a report")
    pipeline.add_argument("source", help="the file of posts")
    _source_options(pipeline)
    pipeline.add_argument("--name", help="of the data set; the file's name unless given")
    pipeline.add_argument("--systems", help="comma-separated ids")

    teach = flow_command("teach", run_teach, "rationales of a teacher for a split's training posts")
    teach.add_argument("split", help="name of the split")

    retrain = flow_command("retrain", run_retrain, "train a challenger on data up to now; promote it if it is better")
    retrain.add_argument("dataset", help="name of the data set")
    retrain.add_argument("--system", help="what to train")
    retrain.add_argument("--champion", help="the name at stake; `default` unless given")

    champion = command("champion", run_champion, "who bears a champion's name, since when and why")
    champion.add_argument("action", choices=("list", "promote", "rollback"))
    champion.add_argument("run_name", nargs="?", metavar="RUN", help="for promote: name of the run")
    champion.add_argument("--name", default="default", help="the champion's name")
    champion.add_argument("--reason", default="", help="kept with the change")

    notify = command("notify", run_notify, "let the Prefect server call a webhook when a run fails or crashes")
    notify.add_argument("url", nargs="?", metavar="URL", help="of the webhook; MMKP_NOTIFY_URL unless given")
    notify.add_argument("--off", action="store_true", help="call nobody any more")

    report = flow_command("report", run_report, "the report of a data set's runs")
    report.add_argument("split", help="name of the split whose runs are compared")

    serve = command("serve", run_serve, "Prefect server, its UI, all deployments and the reports")
    serve.add_argument("--port", type=int, default=4200)
    serve.add_argument(
        "--sources", action="append", type=Path, default=[], metavar="DIR",
        help="folders that forms may name files of; this folder unless given",
    )  # fmt: skip
    serve.add_argument(
        "--notify", metavar="URL", help="call this webhook when a run fails; MMKP_NOTIFY_URL unless given"
    )

    tiny = command("tiny", run_tiny, "train the tiny vision-language backbone anew, from a seed on generated posts")
    tiny.add_argument("--seed", type=int, default=0)
    tiny.add_argument("--output", type=Path, default=Path("tiny"), metavar="DIR", help="what a run's backbone may name")

    command("verify", run_verify, "check every stored byte against its hash")
    command("gc", run_gc, "remove what killed and replaced builds left behind")
    doctor = command("doctor", run_doctor, "what this machine can do, and what to do about what is missing")
    doctor.add_argument("--json", action="store_true")
    bench = command("bench", run_bench, "the speed table, each figure beside its reference in the same run")
    bench.add_argument("names", nargs="*", metavar="NAME")
    bench.add_argument("--json", action="store_true")
    bench.add_argument("--full", action="store_true", help="at the sizes of the published table; takes long")
    return top


def _source_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=FORMATS, default="auto", help="by the file's ending unless given")
    command.add_argument("--images", type=Path, metavar="DIR", help="folder of the posts' images")
    command.add_argument("--ocr", type=Path, metavar="FILE", help="words in the images, a line a post")
    command.add_argument("--attributes", type=Path, metavar="FILE", help="attribute words, a line a post")
    command.add_argument("--map", metavar="FIELD=COLUMN,...", default="", help="like post_id=id,text=body")
    command.add_argument("--keyphrases-from", choices=("column", "hashtags"), default="column")


# -- flows ---------------------------------------------------------------------------------------------------


def run_flow(flow: str, /, **parameters: Any) -> Any:
    """Run one flow against the server that is configured, or a private one."""
    from flows.server import prefect_api
    from flows.server.private import server_home

    with prefect_api(server_home()):
        from flows import catalogue

        return catalogue.run(flow, parameters)


def _parameters(arguments: argparse.Namespace, **given: Any) -> dict[str, Any]:
    """A flow's parameters: what its options say, then the file's settings, then those of --set."""
    from flows.settings import from_file, from_pairs, merged

    layers: list[Mapping[str, Any]] = [{key: value for key, value in given.items() if value is not None}]
    if arguments.config:
        layers.append(from_file(arguments.config))
    layers.append(from_pairs(arguments.settings))
    parameters = merged(*layers)
    if arguments.rebuild:
        parameters["rebuild"] = True
    return parameters


def _source(arguments: argparse.Namespace, path: str) -> dict[str, Any]:
    """The `source` parameter for files named on the command line, where the user may name any."""
    from tasks.sources import allow

    named = {"path": path, "images": arguments.images, "ocr": arguments.ocr, "attributes": arguments.attributes}
    return {key: str(allow(Path(file))) for key, file in named.items() if file}


def _reading(arguments: argparse.Namespace, path: str) -> dict[str, Any]:
    """The `reading` parameter: what the options say of the file's layout."""
    from tasks.sources import guess_format

    reading: dict[str, Any] = {
        "format": guess_format(Path(path)) if arguments.format == "auto" else arguments.format,
        "keyphrases_from": arguments.keyphrases_from,
    }
    if arguments.map:
        pairs = [pair.partition("=") for pair in arguments.map.split(",")]
        if not all(mark and field and column for field, mark, column in pairs):
            raise WrongInput(f"--map {arguments.map!r}: write FIELD=COLUMN,FIELD=COLUMN, like post_id=id,text=body")
        reading["columns"] = {field.strip(): column.strip() for field, _, column in pairs}
    return reading


def _data(arguments: argparse.Namespace, data: str) -> dict[str, Any]:
    """The parameters for DATA, which is a name in the store or a file."""
    if Path(data).exists():
        return {"source": _source(arguments, data), "reading": _reading(arguments, data)}
    if "/" in data or Path(data).suffix in (".txt", ".jsonl", ".json", ".csv", ".parquet"):
        raise WrongInput(f"{data}: there is no such file")
    return {"data": data}


def _known(kind: str, name: str) -> str:
    """`name`, if something of that kind bears it: a slip of the pen is told before a server starts."""
    from tasks.store import open_store

    open_store().resolve(kind, name)
    return name


def run_demo(arguments: argparse.Namespace) -> None:
    posts = {key: value for key in ("posts", "seed") if (value := getattr(arguments, key)) is not None}
    result = run_flow("demo", **_parameters(arguments, posts=posts or None))
    print(result)


def run_ingest(arguments: argparse.Namespace) -> None:
    from tasks.sources import Source, name_of

    source = _source(arguments, arguments.source)
    print(
        run_flow(
            "ingest",
            **_parameters(
                arguments,
                source=source,
                reading=_reading(arguments, arguments.source),
                name=arguments.name or name_of(Source(**source)),
                append=arguments.append or None,
            ),
        )
    )


def run_enrich(arguments: argparse.Namespace) -> None:
    print(run_flow("enrich", **_parameters(arguments, dataset=_known("dataset", arguments.dataset))))


def run_split(arguments: argparse.Namespace) -> None:
    print(
        run_flow("split", **_parameters(arguments, dataset=_known("dataset", arguments.dataset), name=arguments.name))
    )


def run_train(arguments: argparse.Namespace) -> None:
    from tasks.plans import flat, run_plan
    from tasks.sources import allow

    parameters = _parameters(
        arguments,
        system=arguments.system,
        **_data(arguments, arguments.data),
        valid={"path": str(allow(Path(arguments.valid)))} if arguments.valid else None,
        valid_share=arguments.valid_share,
        seed=arguments.seed,
        name=arguments.name,
    )
    run_plan(arguments.system, flat(parameters.get("settings", {})))  # a slip is told before a server starts
    print(run_flow("train", **parameters))


def run_predict(arguments: argparse.Namespace) -> None:
    from tasks.files import check_output, write_predictions

    check_output(arguments.output)
    _known(*(("champion", "default") if arguments.model == "champion" else ("run", arguments.model)))
    parameters = _parameters(arguments, run=arguments.model, **_data(arguments, arguments.data))
    predictions = run_flow("predict", **parameters)
    posts = write_predictions(predictions, arguments.output, arguments.head or "")
    say(f"phrases for {posts:,} posts")
    print(arguments.output)


def run_pipeline(arguments: argparse.Namespace) -> None:
    from tasks.sources import Source, name_of

    source = _source(arguments, arguments.source)
    print(
        run_flow(
            "pipeline",
            **_parameters(
                arguments,
                source=source,
                reading=_reading(arguments, arguments.source),
                name=arguments.name or name_of(Source(**source)),
                systems=arguments.systems.split(",") if arguments.systems else None,
            ),
        )
    )


def run_teach(arguments: argparse.Namespace) -> None:
    print(run_flow("teach", **_parameters(arguments, split=_known("split", arguments.split))))


def run_retrain(arguments: argparse.Namespace) -> None:
    given = {
        "dataset": _known("dataset", arguments.dataset),
        "system": arguments.system,
        "champion": arguments.champion,
    }
    print(run_flow("retrain", **_parameters(arguments, **given)))


def run_champion(arguments: argparse.Namespace) -> None:
    from tasks.champion import history
    from tasks.runs import run_names

    if arguments.action != "list":
        given = {"action": arguments.action, "name": arguments.name, "reason": arguments.reason}
        if arguments.run_name:
            given["run"] = _known("run", arguments.run_name)
        say(run_flow("champion", **given))
    past, called = history(arguments.name), run_names()
    for version in past:
        run = called.get(version.target, version.target)
        print(f"{version.number:>3}  {version.at:%Y-%m-%d %H:%M}  {run}  {version.reason}")
    if not past:
        say(f"nobody bears the name champion/{arguments.name} yet; `mmkp retrain` or `mmkp champion promote` gives it")


def run_notify(arguments: argparse.Namespace) -> None:
    from flows.notify import address, notify, stop_notifying
    from flows.server import prefect_api
    from flows.server.private import server_home

    url = "" if arguments.off else address(arguments.url)
    with prefect_api(server_home()):
        if arguments.off:
            say("failed runs are told to nobody" + ("" if stop_notifying() else ", as before"))
        else:
            say(f"failed and crashed runs are told to {notify(url)}")


def run_report(arguments: argparse.Namespace) -> None:
    print(run_flow("report", **_parameters(arguments, split=_known("split", arguments.split))))


def run_serve(arguments: argparse.Namespace) -> None:
    from flows.notify import ADDRESS, address
    from flows.serve import serve
    from flows.server.private import server_home
    from tasks.sources import allow

    told = address(arguments.notify) if arguments.notify or os.environ.get(ADDRESS) else ""

    for folder in arguments.sources or [Path.cwd()]:
        allow(folder)
    serve(server_home(), Path(__file__).resolve().parent.parent / "prefect.yaml", port=arguments.port, notify_url=told)


# -- without a server ----------------------------------------------------------------------------------------


def run_evaluate(arguments: argparse.Namespace) -> None:
    from tasks.files import evaluate_files

    document = evaluate_files(
        arguments.gold, arguments.predictions, arguments.train, arguments.format, arguments.protocol,
        arguments.resamples,
    )  # fmt: skip
    print(json.dumps(document) if arguments.json else _score_table(document))


def _score_table(document: Mapping[str, Any]) -> str:
    protocols = document.get("protocols") or {document["protocol"]: document}
    lines = [f"{document['posts']:,} posts"]
    for protocol, found in protocols.items():
        slices = found["scores"]
        metrics = list(next(iter(slices.values())))
        lines.append("")
        lines.append(f"{protocol:<10}" + "".join(f"{metric:>9}" for metric in metrics))
        for name, scores in slices.items():
            lines.append(f"{name:<10}" + "".join(f"{100 * scores[metric]:9.2f}" for metric in metrics))
            if between := found.get("intervals", {}).get(name):
                ends = [f"{100 * between[m][0]:.0f}-{100 * between[m][1]:.0f}" for m in metrics if m in between]
                lines.append(f"{'':<10}" + "".join(f"{end:>9}" for end in ends))
    return "\n".join(lines)


def run_compare(arguments: argparse.Namespace) -> None:
    from tasks.compare import compare_runs
    from tasks.store import open_store

    if not 0 < arguments.confidence < 1:
        raise WrongInput(f"--confidence {arguments.confidence}: give a share between 0 and 1, like 0.95")
    ours, theirs = ([name for name in side.split(",") if name] for side in (arguments.ours, arguments.theirs))
    if not ours or not theirs:
        raise WrongInput("compare: name two runs, like `mmkp compare demo-sft demo-copy`")
    found = compare_runs(open_store(), ours, theirs, arguments.protocol, arguments.confidence)
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{', '.join(found['ours'])} against {', '.join(found['theirs'])}")
    print(f"{found['posts']:,} posts of {', '.join(found['called']) or found['dataset']} that neither was trained on,")
    print(f"protocol {found['protocol']}, percent")
    print(f"{'':<16}{'':<8}{'ours':>8}{'theirs':>8}{'difference':>12}  {'interval':<18}{'p':>8}{'posts':>8}")
    for row in found["rows"]:
        between = f"{100 * row['low']:+.2f} to {100 * row['high']:+.2f}"
        p_value = "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
        print(
            f"{row['slice']:<16}{row['metric']:<8}{100 * row['ours']:8.2f}{100 * row['theirs']:8.2f}"
            f"{100 * row['difference']:+12.2f}  {between:<18}{p_value:>8}{row['posts']:>8,}"
        )


def run_overlap(arguments: argparse.Namespace) -> None:
    from tasks.files import overlap_files

    document = overlap_files(
        arguments.train, arguments.test, arguments.format, arguments.unit, arguments.threshold,
        arguments.images_train, arguments.images_test, arguments.image_distance,
    )  # fmt: skip
    if arguments.json:
        print(json.dumps(document))
        return
    posts, counts, labels = document["posts"], document["test_posts"], document["labels"]
    print(f"{posts['train']:,} train posts, {posts['test']:,} test posts")
    for name, count in counts.items():
        print(f"{name.replace('_', ' '):<20}{count:>9,}  {100 * count / max(posts['test'], 1):6.2f} %")
    print(f"{'labels seen':<20}{labels['occurrences_seen']:>9,}  of {labels['occurrences']:,} occurrences")
    print(f"{'':<20}{labels['distinct_seen']:>9,}  of {labels['distinct']:,} distinct")


def run_query(arguments: argparse.Namespace) -> None:
    from flows.query import print_query, print_views
    from tasks.store import open_store

    if arguments.sql:
        print_query(open_store(), arguments.sql, arguments.format)
    else:
        print_views()


def run_systems(arguments: argparse.Namespace) -> None:
    from mmkp_core.systems import systems

    rows = [
        {
            "id": row.id, "title": row.title, "family": row.family, "kind": row.kind, "paper": row.paper,
            "needs": list(row.needs), "heads": list(row.heads),
        }
        for row in systems().values()
    ]  # fmt: skip
    if arguments.json:
        print(json.dumps(rows))
        return
    wide = {key: max(len(str(row[key])) for row in rows) for key in ("id", "kind", "title")}
    for row in rows:
        needs = ", ".join(row["needs"]) or "-"
        print(f"{row['id']:<{wide['id']}}  {row['kind']:<{wide['kind']}}  {row['title']:<{wide['title']}}  {needs}")


def run_tiny(arguments: argparse.Namespace) -> None:
    import torch

    from mmkp_core.learning import Progress
    from mmkp_core.vlm.tiny_training import TinySpec, train_tiny

    def report(progress: Progress) -> None:
        if progress.done % 25 == 0 or progress.done == progress.total:
            say(f"{progress.done:,} of {progress.total:,} steps, {progress.note}")

    torch.set_num_threads(1)  # the order of sums, and so the weights, would follow from the number of cores
    checkpoints = arguments.output / "checkpoints"  # a killed training goes on from there
    train_tiny(arguments.output, TinySpec(), arguments.seed, checkpoints, report)
    shutil.rmtree(checkpoints)
    print(arguments.output)


def run_verify(arguments: argparse.Namespace) -> None:
    from storage.store import verify
    from tasks.store import open_store

    found = 0
    for finding in verify(open_store()):
        found += 1
        print(f"{finding.path}: its bytes are not those recorded; {finding.remedy}")
    if found:
        raise MmkpError(f"{found} damaged files")
    say("every stored byte is as recorded")


def run_gc(arguments: argparse.Namespace) -> None:
    from storage.store import collect_garbage
    from tasks.store import open_store

    removed = 0
    for finding in collect_garbage(open_store()):
        removed += 1
        print(finding.path)
    say(f"removed {removed} stale files and folders")


def run_doctor(arguments: argparse.Namespace) -> None:
    from flows.doctor import examine

    findings = examine()
    if arguments.json:
        print(json.dumps([finding.__dict__ for finding in findings]))
    else:
        for finding in findings:
            print(f"{'ok ' if finding.ok else '-- '} {finding.part:<22} {finding.state}")
            if finding.remedy:
                print(f"{'':<26} {finding.remedy}")


def run_bench(arguments: argparse.Namespace) -> None:
    from flows.bench import run_benchmarks

    run_benchmarks(arguments.names, as_json=arguments.json, full=arguments.full)


if __name__ == "__main__":
    main()
