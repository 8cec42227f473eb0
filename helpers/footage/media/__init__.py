"""Photos and video: found in a folder, read, changed and written."""
