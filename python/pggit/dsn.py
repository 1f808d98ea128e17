"""Connection URLs as people write them."""


def normalize_dsn(dsn: str) -> str:
    """Accept the URL forms of other drivers: `postgresql+asyncpg://` is `postgresql://`."""
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme.split("+")[0] in ("postgres", "postgresql"):
        return f"postgresql://{rest}"
    return dsn
