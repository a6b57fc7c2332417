"""Roles and the database of a new cluster; done once, by the superuser, who is not used again."""

import hashlib
import subprocess
from typing import TYPE_CHECKING

from weiye.launcher import stamps
from weiye.launcher.progress import Step
from weiye.launcher.trouble import Trouble

if TYPE_CHECKING:
    from weiye.launcher.postgres.cluster import Cluster

# Full-text search keeps its index under row-level security only if the operator's function is
# leakproof; it is here: it compares a stored vector with a query and reports nothing else. The
# others are those of weiye.base.scope.leakproof, which says why.
# template1 as well, so that test databases inherit it.
SQL = r"""
SELECT 'CREATE ROLE weiye_owner' WHERE NOT EXISTS
  (SELECT FROM pg_roles WHERE rolname = 'weiye_owner') \gexec
SELECT 'CREATE ROLE weiye_app' WHERE NOT EXISTS
  (SELECT FROM pg_roles WHERE rolname = 'weiye_app') \gexec
ALTER ROLE weiye_owner LOGIN NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE {createdb}
  PASSWORD '{owner_password}';
ALTER ROLE weiye_app LOGIN NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE NOCREATEDB
  PASSWORD '{app_password}';
SELECT 'CREATE ROLE weiye_subject NOLOGIN' WHERE NOT EXISTS
  (SELECT FROM pg_roles WHERE rolname = 'weiye_subject') \gexec
GRANT weiye_subject TO weiye_app WITH INHERIT FALSE, SET TRUE;
ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
SELECT 'CREATE DATABASE weiye OWNER weiye_owner' WHERE NOT EXISTS
  (SELECT FROM pg_database WHERE datname = 'weiye') \gexec
ALTER FUNCTION pg_catalog.range_contains_elem(anyrange, anyelement) LEAKPROOF;
ALTER FUNCTION pg_catalog.daterange_subdiff(date, date) LEAKPROOF;
\connect weiye
ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
ALTER FUNCTION pg_catalog.range_contains_elem(anyrange, anyelement) LEAKPROOF;
ALTER FUNCTION pg_catalog.daterange_subdiff(date, date) LEAKPROOF;
"""


def bootstrap(cluster: "Cluster", step: Step) -> None:
    """Bring roles, passwords and the database to the wanted state, unless the stamp says so."""
    script = SQL.format(
        createdb="CREATEDB" if cluster.throwaway else "NOCREATEDB",
        owner_password=cluster.keys.owner_password,
        app_password=cluster.keys.app_password,
    )
    stamp = cluster.folder / "bootstrap.json"
    digest = hashlib.sha256(script.encode()).hexdigest()
    if stamps.read(stamp).get("digest") == digest:
        return
    step.work("making its roles")
    done = subprocess.run(
        [cluster.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
         "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "weiye_super", "-d", "template1"],
        input=script,
        text=True,
        capture_output=True,
        env={"PGPASSWORD": cluster.keys.super_password, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "30"},
    )  # fmt: skip
    if done.returncode:
        if "password authentication failed" in done.stderr:
            raise Trouble(
                f"The database in {cluster.folder} was made with other secrets than "
                "secrets.json holds now. Put the right file back from your backup."
            )
        raise Trouble(f"The database's roles could not be made: {done.stderr.strip()}")
    stamps.write(stamp, {"digest": digest})
