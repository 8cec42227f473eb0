"""What is written and read safely: names, manifests, locks, zips, addresses."""
