"""What is generated says so: signed, marked, labelled, and read back."""
