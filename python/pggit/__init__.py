"""pggit: Git for PostgreSQL schemas; this package is its shell command and its REST service."""

__version__: str


def __getattr__(name: str) -> str:
    """Look up the version when it is asked for: finding it takes longer than a small comparison."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pggit")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0.0.0"
