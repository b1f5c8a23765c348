"""Ways to train a vision-language model, a file each."""
