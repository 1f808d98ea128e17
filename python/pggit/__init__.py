"""pggit: Git for PostgreSQL schemas; this package is its shell command and its REST service."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pggit")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
