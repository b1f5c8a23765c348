"""The command line: the flows' commands are made from their signatures, the others stand in one file a subject."""
