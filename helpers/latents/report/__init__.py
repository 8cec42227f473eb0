"""Will this footage do? Said before an hour is spent on training."""
