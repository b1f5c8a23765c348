"""Vision-language systems: a backbone that sees posts and pictures, an adapter that is trained, methods to train it."""
