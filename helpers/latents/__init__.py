"""One space for all faces: who is missing what, and what to film."""
