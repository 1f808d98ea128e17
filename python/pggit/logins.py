"""As whom the service connects: logins of its own for each role, where it may make them; see pools.py."""

import hashlib
import hmac
import logging

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pggit.principal import Role
from pggit.session import Session
from pggit.settings import Settings, check_logins

_log = logging.getLogger("pggit.logins")


def url_as(url: str, role: Role) -> str:
    """The same place, as a role that the login may become; the login itself may have no right but that."""
    given = conninfo_to_dict(url).get("options") or ""
    return make_conninfo(url, options=f"{given} -c role={role.in_database}".strip())


def _template(settings: Settings, database: str) -> str:
    """Logins of this database, with a password that every process of the service finds by itself."""
    parts = conninfo_to_dict(settings.database_url)
    known = f"{settings.jwt_secret}\n{parts.get('password') or ''}"
    key = hashlib.sha256(known.encode()).digest()
    password = hmac.new(key, b"pggit logins of " + database.encode(), hashlib.sha256).hexdigest()
    # A role belongs to the whole server.
    suffix = hashlib.sha256(database.encode()).hexdigest()[:8]
    return make_conninfo(
        settings.database_url, user=f"pggit_api_{{role}}_{suffix}", password=password
    )


def _make(settings: Settings) -> str:
    session = Session(settings.database_url)
    try:
        template = _template(settings, session.database)
        for role in Role:
            parts = conninfo_to_dict(template.replace("{role}", role.value))
            login = str(parts["user"])
            session.call_value(
                "setup_login",
                login=login,
                role=role.value,
                password=session.verifier(login, str(parts["password"])),
            )
    finally:
        session.close()
    # Who may connect is the server's to say, too.
    for role in Role:
        Session(template.replace("{role}", role.value)).close()
    return template


def with_logins(settings: Settings) -> Settings:
    """The settings with logins for each role, made where none are named and the service may make them."""
    if settings.auth_mode == "none" or settings.database_role_url:
        return settings
    try:
        made = _make(settings)
    except psycopg.Error as error:
        _log.warning(
            "requests of all roles share one login, which code of a branch can take: name logins in "
            "DATABASE_ROLE_URL (they could not be made: %s)",
            error.diag.message_primary or error,
        )
        check_logins(settings)
        return settings
    return msgspec.structs.replace(settings, database_role_url=made)
