"""Vectors of images: extractors behind one interface, their table, and the files that hold what they extract."""
