"""Where results are kept: content-addressed artifacts, images, names, and the catalog that queries them.

    objects     files under one root, a local folder or an fsspec URL
    records     what is written beside every artifact
    facts       what each kind of artifact states
    draft       an artifact in the making
    store       find, build, publish: the one reuse rule
    index       all records and names in a few requests
    images      image bytes by SHA-256
    rows        results kept per image or request, in parts
    names       the only mutable thing: names that point at artifacts, with their history
    upkeep      every byte checked, what nothing needs removed
    catalog     DuckDB views over all of it; `contents` and `sources` say of what, `follower` keeps its file current
    dataset, split, enrichment, run, champion   artifacts as typed handles; `enriching` adds rows to an enrichment
    scoring, comparison, report_*   what is scored, compared and shown, read from the store

Nothing here knows Prefect or torch.
"""
