"""What providers report, one module each."""
