"""Words in images: engines behind one interface, a pool of processes that run them, the cleaning of what they read."""
