"""What trains a network, and what keeps it: checkpoints and bundles."""
