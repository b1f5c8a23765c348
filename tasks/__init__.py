"""One thin layer of retries, progress and persistence between flows and the domain.

A task resolves references, calls `mmkp_core`, publishes through the store and returns a reference; data never
passes between tasks. `run.store` applies the one reuse rule, `run.child` gives work a process of its own.
"""
