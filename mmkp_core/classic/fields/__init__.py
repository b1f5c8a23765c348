"""Fields: what a batch of a classic system holds, each made from posts and asked for by the blocks that need it."""
