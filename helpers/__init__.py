"""Small helpers that the notebooks of this course import, a stage a module."""
