"""Tables of a run: figures of its training, and what it predicts."""

import pyarrow as pa

from mmkp_core.tables.table import NUMBER, TEXT, TEXTS, WHOLE, Column, Table, must

CURVES = Table(
    "curves",
    "Figures of training, step by step.",
    (
        must("epoch", WHOLE, "pass over the training posts"),
        must("step", WHOLE, "update"),
        must("name", TEXT, "train_loss, valid_loss, learning_rate, ..."),
        must("value", NUMBER, "the figure"),
    ),
)

HEAD = must("head", TEXT, "which of the system's answers")

PREDICTIONS = Table(
    "predictions",
    "What a run predicts for each post.",
    (
        must("post_id", TEXT, "id of the post in its data set"),
        HEAD,
        must("phrases", TEXTS, "best first"),
        must("scores", pa.list_(pa.float64()), "the system's own scores"),
        Column("answer", TEXT, "the answer as written, for systems that write one"),
        Column("reasoning", TEXT, "the reasoning before it, where there is one"),
        Column("tokens", WHOLE, "tokens written"),
        Column("steps", WHOLE, "sentences of reasoning"),
        Column("seconds", NUMBER, "the batch's time divided by its posts"),
    ),
)

PREDICTIONS_FILE = Table(
    "predictions",
    "Predictions as they leave the project and come back.",
    PREDICTIONS.pick("post_id", "phrases", "scores"),
)
