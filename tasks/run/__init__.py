"""How tasks run: the store they use, what they show, and their work in other processes."""
