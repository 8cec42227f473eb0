"""Small notebooks that tests of the runner write."""

import nbformat


def write_notebook(path, parameters, *sources):
    """A notebook with a parameters cell and some code cells."""
    cell = nbformat.v4.new_code_cell(parameters)
    cell.metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Make a folder"),
            cell,
            *map(nbformat.v4.new_code_cell, sources),
        ]
    )
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return path
