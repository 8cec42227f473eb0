"""Other networks that swap, to compare with and to go on to: one a file."""
