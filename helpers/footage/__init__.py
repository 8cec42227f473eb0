"""Footage in: folders, zips, addresses, data sets, what a browser sends."""
