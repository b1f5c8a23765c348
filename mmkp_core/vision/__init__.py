"""What images hold: pixels, words, attributes, entities, features, and signatures to compare them by."""
