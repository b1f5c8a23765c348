"""What is said to models, and how their answers are read: pure functions, one answer format for all of them."""
