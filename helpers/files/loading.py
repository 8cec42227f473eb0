"""Loading: a library that is not imported yet in, a word with it out."""

import contextlib
import importlib.abc
import importlib.machinery
import sys


def call_after(name, function):
    """Call a function of a module as soon as it is loaded, by whomever.

    Args:
        name: str, of a library that is not imported yet.
        function: of the module.
    """

    @contextlib.contextmanager
    def then(module):
        yield
        function(module)

    load_within(name, then)


def load_within(name, context):
    """Load a library, once it is imported, within a context.

    Args:
        name: str, of a library that is not imported yet.
        context: function of the module that gives a context manager.
    """
    sys.meta_path.insert(0, _Finder(name, context))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one library as usual, and loads it within a context."""

    def __init__(self, name, context):
        self.name, self.context = name, context

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_within(module):
                with self.context(module):
                    load(module)

            spec.loader.exec_module = load_within
        return spec
