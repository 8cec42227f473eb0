"""Small networks that come with the course and read a crop of a face."""
