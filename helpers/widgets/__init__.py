"""What is clicked in a notebook: the only users of ipywidgets and anywidget."""
