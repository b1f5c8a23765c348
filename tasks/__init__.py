"""One thin layer of retries, progress and persistence between flows and the domain.

A task resolves references, calls `mmkp_core`, publishes through the store and returns a reference; data never
passes between tasks. `store` holds the only caching rule, `run.child` the only way work leaves the process.
"""
