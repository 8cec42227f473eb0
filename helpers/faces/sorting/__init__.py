"""Which of the faces that were found are the person's, and good enough."""
