"""Classic systems: recurrent networks composed of parts, from the spec to the trained model and its answers."""
