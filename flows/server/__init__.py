"""The Prefect server that flows run against: private or served, with deployments and reports."""
