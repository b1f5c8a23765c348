"""Tables that are read off records and names: artifacts, their inputs, names, runs, decisions."""

from mmkp_core.tables.table import FLAG, NUMBER, TEXT, TEXTS, TIME, WHOLE, Column, Table, must

ARTIFACT = must("artifact", TEXT, "the artifact that holds the row; join with artifacts for flow run and time")
"""Every row of a stored table has it."""
FLOW_RUN = Column("flow_run", TEXT, "Prefect flow run")
MADE_AT = must("made_at", TIME, "when it was published")
SECONDS = must("seconds", NUMBER, "wall time of the build")
SPEC = must("spec", TEXT, "all settings, as JSON")
FACTS = must("facts", TEXT, "counts and findings, as JSON")

RUN = must("run", TEXT, "name of the run, or its artifact where it bears no name")
RUN_ARTIFACT = must("run_artifact", TEXT, "the run's artifact")
SYSTEM = must("system", TEXT, "id of the system")
DATASET = Column("dataset", TEXT, "name of the data set, or its artifact where it never bore a name")
SPLIT = Column("split", TEXT, "name of the split, if the posts come from one, or its artifact")
INPUTS_GIVEN = must("inputs", TEXT, "what of the posts the system was given: both, text, image or shuffled-image")
CURRENT = must(
    "current",
    FLAG,
    "whether names still mean it: the run bears a name of a run or champion now, and what it was trained on and what "
    "the row is about (a split; without one, a data set) bears a name now, if it ever bore one",
)

RUNS = Table(
    "runs",
    "Trained models.",
    (
        RUN,
        RUN_ARTIFACT,
        SYSTEM,
        DATASET,
        SPLIT,
        CURRENT,
        must("family", TEXT, "family of systems: reference, classic, vlm, ..."),
        must("seed", WHOLE, "training seed"),
        must("parameters", WHOLE, "trained numbers"),
        must("train_posts", WHOLE, "posts trained on"),
        must("epochs", WHOLE, "passes made"),
        SECONDS,
        MADE_AT,
        FLOW_RUN,
        SPEC,
        FACTS,
    ),
)

DECISIONS = Table(
    "decisions",
    "Champion against challenger: what was decided and why.",
    (
        must("champion_name", TEXT, "the name that was at stake"),
        must("verdict", TEXT, "promoted, kept or first"),
        Column("champion", TEXT, "run that bore the name"),
        must("challenger", TEXT, "run trained on data up to now"),
        must("metric", TEXT, "what was compared"),
        Column("champion_score", NUMBER, "on posts that neither has seen"),
        Column("challenger_score", NUMBER, "on the same posts"),
        Column("difference", NUMBER, "challenger minus champion"),
        Column("low", NUMBER, "lower end of the difference's interval"),
        Column("high", NUMBER, "upper end of it"),
        Column("p_value", NUMBER, "of the paired test"),
        Column("posts", WHOLE, "posts compared on; none where nobody bore the name"),
        Column("left_out", WHOLE, "posts left out as near-duplicates of either's training posts"),
        must("reasons", TEXTS, "in words"),
        must("made_at", TIME, "when it was decided"),
        FLOW_RUN,
        must("artifact", TEXT, "the decision's artifact"),
    ),
)

ARTIFACTS = Table(
    "artifacts",
    "Everything in the store, named or not.",
    (
        must("artifact", TEXT, "its address"),
        must("kind", TEXT, "what it is"),
        Column("engine_fingerprint", TEXT, "for a part of a row store: the engine's; for an enrichment: its kind"),
        must("fingerprint", TEXT, "hash of spec, inputs and code version"),
        must("version", WHOLE, "of the code that made it"),
        must("files", WHOLE, "how many"),
        must("bytes", WHOLE, "how large"),
        must("rows", WHOLE, "rows of its tables"),
        Column(
            "damaged",
            TEXTS,
            "files that are lost or cut off, so that other views leave it out; null: none, "
            "or on object storage, where `mmkp verify` looks",
        ),
        MADE_AT,
        SECONDS,
        FLOW_RUN,
        Column("commit", TEXT, "commit of the code"),
        SPEC,
        FACTS,
    ),
)

INPUTS = Table(
    "inputs",
    "Which artifact was made from which.",
    (must("artifact", TEXT, "the result"), must("input", TEXT, "what it was made from")),
)

NAMES = Table(
    "names",
    "Names with their history.",
    (
        must("kind", TEXT, "dataset, split, run, champion, ..."),
        must("name", TEXT, "as people write it"),
        must("number", WHOLE, "1 is the first"),
        must("current", FLAG, "whether this is what the name means now"),
        must("artifact", TEXT, "what it points at"),
        must("reason", TEXT, "why it was pointed there"),
        must("at", TIME, "when"),
        FLOW_RUN,
    ),
)

LEFT_OUT = Table(
    "left_out",
    "What is in the store but cannot be read, so that no other view shows it.",
    (
        must("path", TEXT, "record or file, relative to the store, or the name"),
        must("reason", TEXT, "what is wrong with it, and what to do"),
    ),
)
