"""What a step says that it costs (its lock, a rewrite, a scan) is what PostgreSQL then does, version by version."""

from dataclasses import dataclass
from typing import Any

import psycopg

from pggit.compare import Step

LEVELS = [
    "",
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]
# The strongest lock of this transaction on what was there before it; catalogs and toast tables are not the user's.
LOCKS = """
SELECT DISTINCT regexp_replace(upper(regexp_replace(l.mode, '([a-z])([A-Z])', '\\1 \\2', 'g')), ' LOCK$', '') AS mode
FROM pg_locks AS l
JOIN before_step AS b ON b.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.granted
"""
REMEMBER = """
CREATE TEMPORARY TABLE IF NOT EXISTS before_step (oid oid, filenode oid, relkind "char", scans bigint);
TRUNCATE before_step;
INSERT INTO before_step
SELECT c.oid, c.relfilenode, c.relkind, pg_stat_get_xact_numscans(c.oid) FROM pg_class AS c
WHERE c.relkind <> 'c' AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)';
"""
REWRITES = """
SELECT count(*) AS rewritten FROM before_step AS b JOIN pg_class AS c USING (oid)
WHERE c.relfilenode <> b.filenode AND b.relkind IN ('r', 'm')
"""
SCANS = """
SELECT count(*) AS scanned FROM before_step AS b
WHERE b.relkind IN ('r', 'm') AND pg_stat_get_xact_numscans(b.oid) > b.scans
"""


@dataclass
class Cost:
    lock: str
    is_rewritten: bool
    is_scanned: bool


def observe(conn: psycopg.Connection[dict[str, Any]], step: Step) -> Cost:
    """Run a step in a transaction of its own, and see what PostgreSQL did in it."""
    if not step.in_transaction:
        conn.execute(step.sql.encode())
        return Cost(step.lock_level, False, False)
    with conn.transaction():
        conn.execute(REMEMBER)
        conn.execute(step.sql.encode())
        modes = [row["mode"] for row in conn.execute(LOCKS)]
        rewritten = conn.execute(REWRITES).fetchone()
        scanned = conn.execute(SCANS).fetchone()
    assert rewritten is not None
    assert scanned is not None
    strongest = max(modes, key=LEVELS.index, default="")
    return Cost(strongest, rewritten["rewritten"] > 0, scanned["scanned"] > 0)


def faults(step: Step, cost: Cost) -> list[str]:
    """Where the step says something else than what it did."""
    found = []
    weaker = {"ACCESS SHARE", "SHARE"}  # of what a body or a domain may, or may not, be used by
    # A DO looks first whether there is anything left to do.
    may_rest = step.lock_level in weaker or step.sql.startswith("DO ")
    if step.lock_level != cost.lock and not (cost.lock == "" and may_rest):
        found.append(f"says {step.lock_level or 'no lock'}, takes {cost.lock or 'none'}")
    if cost.is_rewritten != ("table_rewrite" in step.hazards):
        found.append("rewrites" if cost.is_rewritten else "does not rewrite")
    # A scan under a lock that readers and writers pass does not make them wait.
    is_blocking = LEVELS.index(cost.lock) > LEVELS.index("ROW EXCLUSIVE")
    if cost.is_scanned and is_blocking and not {"long_lock", "table_rewrite"} & set(step.hazards):
        found.append("scans")
    return [f"{one}: {step.sql[:150]!r}" for one in found]
