"""What is seen in images without being guessed: pixels, grid features, measured attributes."""
