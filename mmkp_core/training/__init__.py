"""The one training loop, its objectives, settings and checkpoints."""
