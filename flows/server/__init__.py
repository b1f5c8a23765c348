"""The Prefect server that flows run against: a private one for a store, all deployments in one command, notifications."""
