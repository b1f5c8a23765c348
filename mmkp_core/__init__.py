"""The domain of `mmkp`: posts of text and image, and the systems that predict their keyphrases.

Nothing here knows Prefect, a store, an environment variable or the clock: values go in, values come out,
and the layers above decide where they are kept and when they are made.

    errors, identity, seeding   the error tree; fingerprints of specs; named random generators
    spec        the one form of settings: bounds, meanings, dotted paths, JSON
    learning    the contracts of systems: System, Learner, Predictor
    systems     the table of all systems, above their families
    tables      every table of the store with the meaning of its columns, and the views
    data        Post, readers of every format, text normal form, generated posts
    vision      what images hold: words, attributes, entities, features, signatures
    overlap     what two sets of posts share; splits that do not leak
    prompts, teacher    messages and rationales from a teacher model
    training    the one training loop
    reference, classic, vlm     the families of systems
    evaluation  protocols, slices, significance
    report      the page a person reads
    processes, locks    child processes that end with their parent; locks that end with their holder
"""
