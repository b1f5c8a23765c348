"""Words in images: engines behind one interface, a pool of processes that run them, and the cleaning of what they read."""
