"""Posts: the record, its readers and writers, the normal forms of text, and generated posts."""
