"""A photo or a video in; swapped, and marked, out."""
