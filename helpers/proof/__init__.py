"""How good a swap is: with a truth, without one, and found out."""
