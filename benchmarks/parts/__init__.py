"""What benchmarks share, and nobody runs."""
