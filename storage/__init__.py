"""Where results are kept: content-addressed artifacts, images, names, and the catalog that queries them.

    objects     files under one root, a local folder or an fsspec URL
    records     what is written beside every artifact
    store       find, build, publish: the one reuse rule
    images      image bytes by SHA-256
    rows        results kept per image or request, in parts
    names       the only mutable thing: names that point at artifacts, with their history
    catalog     DuckDB views over all of it

Nothing here knows Prefect or torch.
"""
