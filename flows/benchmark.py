"""Systems x seeds x splits under one protocol, to one leaderboard."""

from prefect import flow

from flows.settings import BenchmarkSettings, Name, Seed, SystemId, chosen_specs
from flows.stages import (
    TASK_RUNNER,
    enrich_for,
    leaderboard_stage,
    rationales_of,
    score_stage,
    train_stage,
)
from tasks.names import resolve


@flow(task_runner=TASK_RUNNER)
def benchmark(
    systems: list[SystemId],
    splits: list[Name],
    seeds: list[Seed] = [0],
    name: Name = "benchmark",
    settings: BenchmarkSettings = BenchmarkSettings(),
    rebuild: bool = False,
) -> str:
    """Every system with every training seed on every split, to one leaderboard; finished runs are reused.

    Args:
        systems: What to train and compare.
        splits: Names of the splits.
        seeds: Training seeds; several give each system a spread.
        name: Of the leaderboard.
        settings: What all runs have in common, and changes to each system.
        rebuild: Make everything again although it is there.
    """
    specs = chosen_specs(systems, settings.systems)
    scores = []
    for split in splits:
        parts = resolve("split", split)
        enrichments = enrich_for(specs, parts, split)
        rationales = rationales_of(specs, parts)
        for seed in seeds:
            names = {system: f"{split}-{system}-seed{seed}" for system in systems}
            runs = train_stage(specs, parts, enrichments, rationales, seed, names, rebuild)
            key = f"scores-{parts.fingerprint}-{seed}"
            scores += score_stage(runs, parts, settings.evaluation, rebuild, key=key)
    return leaderboard_stage(f"Benchmark: {name}", scores, name, rebuild)
