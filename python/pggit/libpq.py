"""The little of libpq that comparing two databases needs, called directly.

Importing the driver takes longer than comparing two small schemas. This is the library that the driver itself calls: the one
in its wheel or, without the wheel, the system's.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

Row = tuple[str | None, ...]

_TUPLES_OK, _COMMAND_OK, _EMPTY = 2, 1, 0
_CONNECTED = 0
# What PQresultErrorField calls the parts of a message.
_PRIMARY, _DETAIL, _HINT, _STATE = (ord(letter) for letter in "MDHC")

_Pointer = ctypes.c_void_p
_Receiver = ctypes.CFUNCTYPE(None, _Pointer, _Pointer)
_Texts = ctypes.POINTER(ctypes.c_char_p)
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "PQconnectdbParams": (_Pointer, (_Texts, _Texts, ctypes.c_int)),
    "PQstatus": (ctypes.c_int, (_Pointer,)),
    "PQerrorMessage": (ctypes.c_char_p, (_Pointer,)),
    "PQserverVersion": (ctypes.c_int, (_Pointer,)),
    "PQsetNoticeReceiver": (_Pointer, (_Pointer, _Receiver, _Pointer)),
    "PQexec": (_Pointer, (_Pointer, ctypes.c_char_p)),
    "PQexecParams": (
        _Pointer,
        (
            _Pointer,
            ctypes.c_char_p,
            ctypes.c_int,
            _Pointer,
            _Texts,
            _Pointer,
            _Pointer,
            ctypes.c_int,
        ),
    ),
    "PQresultStatus": (ctypes.c_int, (_Pointer,)),
    "PQresultErrorField": (ctypes.c_char_p, (_Pointer, ctypes.c_int)),
    "PQresultErrorMessage": (ctypes.c_char_p, (_Pointer,)),
    "PQntuples": (ctypes.c_int, (_Pointer,)),
    "PQnfields": (ctypes.c_int, (_Pointer,)),
    "PQgetvalue": (_Pointer, (_Pointer, ctypes.c_int, ctypes.c_int)),
    "PQgetlength": (ctypes.c_int, (_Pointer, ctypes.c_int, ctypes.c_int)),
    "PQgetisnull": (ctypes.c_int, (_Pointer, ctypes.c_int, ctypes.c_int)),
    "PQclear": (None, (_Pointer,)),
    "PQfinish": (None, (_Pointer,)),
}


class Refused(Exception):
    """What PostgreSQL, or the way to it, refused."""

    def __init__(self, message: str, hint: str | None = None, state: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.state = state


def _load() -> ctypes.CDLL:
    for folder in sys.path:
        for libraries in ("psycopg_binary.libs", "psycopg_binary/.dylibs"):
            with suppress(OSError), os.scandir(f"{folder or '.'}/{libraries}") as files:
                for file in files:
                    if file.name.startswith("libpq"):
                        return ctypes.CDLL(file.path)
    from ctypes.util import find_library

    name = find_library("pq") or find_library("libpq")
    if name is None:
        raise Refused("libpq, PostgreSQL's client library, was not found")
    return ctypes.CDLL(name)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


# Notices are for the screen of whoever makes things, not of whoever compares them.
_ignore = _Receiver(lambda _argument, _result: None)


def _texts(values: Sequence[str | None]) -> "ctypes.Array[ctypes.c_char_p]":
    return (ctypes.c_char_p * len(values))(
        *(None if one is None else one.encode() for one in values)
    )


class Connection:
    """A connection; its calls block, and let other threads run meanwhile."""

    _library: ctypes.CDLL | None = None

    def __init__(self, url: str, seconds: int) -> None:
        if Connection._library is None:
            Connection._library = _declared(_load())
        self._pq = Connection._library
        if "\0" in url:
            raise Refused("a connection URL holds no character of the number 0")
        given = {
            "dbname": url,
            "connect_timeout": str(seconds),
            "client_encoding": "utf8",
            "fallback_application_name": "pggit",
        }
        names, values = _texts([*given, None]), _texts([*given.values(), None])
        self._connection = self._pq.PQconnectdbParams(names, values, 1)
        if self._pq.PQstatus(self._connection) != _CONNECTED:
            said = self._said()
            self.close()
            raise Refused(f"connection failed: {said}")
        self._pq.PQsetNoticeReceiver(self._connection, _ignore, None)

    def _said(self) -> str:
        return bytes(self._pq.PQerrorMessage(self._connection)).decode(errors="replace").strip()

    @property
    def major(self) -> int:
        """The server's major version."""
        return int(self._pq.PQserverVersion(self._connection)) // 10000

    def close(self) -> None:
        """End the session; the server rolls back what is open."""
        if self._connection is not None:
            self._pq.PQfinish(self._connection)
            self._connection = None

    def run(self, script: str) -> list[Row]:
        """Some statements without parameters; the rows of the last."""
        return self._taken(self._pq.PQexec(self._connection, script.encode()))

    def query(self, text: str, *arguments: str | None) -> list[Row]:
        """The rows of one statement with the parameters $1, $2, …"""
        return self._taken(
            self._pq.PQexecParams(
                self._connection,
                text.encode(),
                len(arguments),
                None,
                _texts(arguments),
                None,
                None,
                0,
            )
        )

    def _taken(self, result: int) -> list[Row]:
        try:
            if self._pq.PQresultStatus(result) not in (_TUPLES_OK, _COMMAND_OK, _EMPTY):
                raise self._refused(result)
            columns = range(self._pq.PQnfields(result))
            return [
                tuple(self._value(result, row, column) for column in columns)
                for row in range(self._pq.PQntuples(result))
            ]
        finally:
            self._pq.PQclear(result)

    def _value(self, result: int, row: int, column: int) -> str | None:
        if self._pq.PQgetisnull(result, row, column):
            return None
        place = self._pq.PQgetvalue(result, row, column)
        return ctypes.string_at(place, self._pq.PQgetlength(result, row, column)).decode()

    def _refused(self, result: int) -> Refused:
        fields = [
            field and bytes(field).decode(errors="replace")
            for field in (
                self._pq.PQresultErrorField(result, one)
                for one in (_PRIMARY, _DETAIL, _HINT, _STATE)
            )
        ]
        primary, detail, hint, state = fields
        if not primary:  # the connection is gone: only libpq knows why
            return Refused(self._said())
        return Refused(f"{primary}\n{detail}" if detail else primary, hint, state or "")
