"""The domain of `mmkp`: posts of text and image, and the systems that predict their keyphrases.

Nothing here knows Prefect, a store, an environment variable or the clock: values go in, values come out,
and the layers above decide where they are kept and when they are made.

    errors, identity, seeding   the error tree; fingerprints of specs; named random generators
    data        Post, readers of every format, text normal form, generated posts
    ocr         words in images: engines behind one interface
    visual      decoding, attributes, entities, grid features of images
    overlap     what two sets of posts share; splits that do not leak
    prompts, teacher    messages and rationales from a teacher model
    training    the one training loop
    classic, vlm, reference     the systems; `systems` is the table of all of them
    evaluation  protocols, slices, significance
    report      the page a person reads
"""
