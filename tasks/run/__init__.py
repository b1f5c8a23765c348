"""How tasks run their work: in child processes, with OCR workers that stay warm."""
