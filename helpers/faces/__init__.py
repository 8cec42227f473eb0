"""Frames in; faces found, followed, cut and recorded."""
