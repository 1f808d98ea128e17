"""Reads one HTTP/1.1 response from a stranger: strictly, within limits, and no further than it takes to know the verdict."""

import re

HEAD_LIMIT = 64 * 1024
HEAD_LINES = 100
READ_LIMIT = 64 * 1024
STORED_LIMIT = 16 * 1024
INTERIM_LIMIT = 10

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\r\n\x00]*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\x00]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n\x00]*)?")
_BEGIN = b"HTTP/1."


class BadResponse(Exception):
    """What came is no HTTP/1.1 response that we would act on."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


class ResponseReader:
    """Fed with bytes as they come; is_done once the verdict is known."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.fields: dict[bytes, list[bytes]] = {}
        self.stored = bytearray()
        self.is_truncated = False
        self.is_done = False
        self.has_begun = False
        self.first = b""
        # Whether the connection can carry another request.
        self.can_stay = False
        self._buffer = bytearray()
        self._lines = 0
        self._seen = 0
        self._interim = 0
        self._read = 0
        self._left: int | None = None  # of a body of known length, or of a chunk
        self._is_chunked = False
        self._in_trailer = False

    def feed(self, data: bytes) -> None:
        """Take what came; raises BadResponse where it is wrong."""
        self.has_begun = True
        if len(self.first) < 256:
            self.first += data[: 256 - len(self.first)]
        self._buffer += data
        while not self.is_done and self._step():
            pass
        if self.is_done and self._buffer:
            # More than one answer to one request: whatever it is, it must not meet the next request.
            self.can_stay = False

    def end(self) -> None:
        """The connection has ended."""
        if self.is_done:
            return
        if self.status is not None and self._left is None and not self._is_chunked:
            self.is_done = True
        elif self.status is not None:
            raise BadResponse("response_incomplete", "the connection ended inside of the body")
        elif self.has_begun:
            self._check_begin(final=True)
            raise BadResponse("protocol_error", "the connection ended inside of the head")

    def _step(self) -> bool:
        if self.status is None:
            return self._head()
        if self._is_chunked and self._left is None:
            return self._chunk_head()
        return self._body()

    def _check_begin(self, *, final: bool = False) -> None:
        start = bytes(self._buffer[: len(_BEGIN)])
        if not _BEGIN.startswith(start) or (final and start != _BEGIN):
            raise BadResponse("protocol_error", "what came is not HTTP/1.1")

    def _head(self) -> bool:
        self._check_begin()
        end = self._buffer.find(b"\r\n\r\n", max(self._seen - 3, 0))
        self._lines += self._buffer.count(b"\n", self._seen, end if end >= 0 else None)
        self._seen = len(self._buffer)
        if self._lines > HEAD_LINES or (end if end >= 0 else len(self._buffer)) > HEAD_LIMIT:
            raise BadResponse("response_too_large", "the head of the response does not end")
        if end < 0:
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        self._lines = self._seen = 0
        found = _STATUS.fullmatch(first)
        if found is None:
            raise BadResponse("protocol_error", "the status line is not one of HTTP/1.1")
        status = int(found[2])
        self.fields = {}
        for line in lines:
            field = _FIELD.fullmatch(line)
            if field is None:
                raise BadResponse("protocol_error", "a header is malformed")
            self.fields.setdefault(field[1].lower(), []).append(field[2].rstrip(b" \t"))
        if status == 101:
            raise BadResponse("protocol_error", "the receiver wants to switch protocols")
        if status < 200:
            self._interim += 1
            if self._interim > INTERIM_LIMIT:
                raise BadResponse("protocol_error", "interim responses do not end")
            return True
        self._frame(status, is_old=found[1] == b"0")
        return True

    def _frame(self, status: int, *, is_old: bool) -> None:
        """Where the body ends, by RFC 9112 section 6.3; what is ambiguous there is refused here."""
        connection = {
            token.strip().lower()
            for value in self.fields.get(b"connection", ())
            for token in value.split(b",")
        }
        if b"upgrade" in connection:
            raise BadResponse("protocol_error", "the receiver wants to switch protocols")
        lengths = self.fields.get(b"content-length", [])
        encodings = self.fields.get(b"transfer-encoding", [])
        if encodings and (lengths or is_old or [one.lower() for one in encodings] != [b"chunked"]):
            raise BadResponse("protocol_error", "the length of the body is ambiguous")
        if len(lengths) > 1 or (lengths and not re.fullmatch(rb"[0-9]{1,18}", lengths[0])):
            raise BadResponse("protocol_error", "the length of the body is ambiguous")
        self.status = status
        self.can_stay = b"close" not in connection and (not is_old or b"keep-alive" in connection)
        if status in (204, 304):
            self.is_done = True
        elif encodings:
            self._is_chunked = True
        elif lengths:
            self._left = int(lengths[0])
            self.is_done = self._left == 0
        else:
            self.can_stay = False

    def _line(self, limit: int) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise BadResponse("protocol_error", "a chunk is malformed")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _chunk_head(self) -> bool:
        line = self._line(4096)
        if line is None:
            return False
        if self._in_trailer:
            self._lines += 1
            if self._lines > HEAD_LINES or (line and _FIELD.fullmatch(line) is None):
                raise BadResponse("protocol_error", "a trailer is malformed")
            self.is_done = not line
            return True
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise BadResponse("protocol_error", "a chunk is malformed")
        size = int(found[1], 16)
        if size == 0:
            self._in_trailer = True
        else:
            self._left = size + 2  # with its line end
        return True

    def _body(self) -> bool:
        if not self._buffer:
            return False
        data = bytes(self._buffer if self._left is None else self._buffer[: self._left])
        del self._buffer[: len(data)]
        if self._left is not None:
            self._left -= len(data)
        if self._is_chunked and self._left is not None and self._left < 2:
            data = self._without_line_end(data)
        self._read += len(data)
        self.stored += data[: STORED_LIMIT - len(self.stored)]
        self.is_truncated = self._read > STORED_LIMIT
        if self._read >= READ_LIMIT:
            # The status has spoken; the rest is neither read nor waited for.
            self.is_done, self.is_truncated, self.can_stay = True, True, False
        elif self._left == 0:
            if self._is_chunked:
                self._left = None
            else:
                self.is_done = True
        return True

    def _without_line_end(self, data: bytes) -> bytes:
        """Cut the line end behind a chunk, of which data may hold the last one or two bytes."""
        left = self._left or 0
        ending = b"\r\n"[: 2 - left][-len(data) :] if len(data) < 2 - left else b"\r\n"[: 2 - left]
        if not data.endswith(ending):
            raise BadResponse("protocol_error", "a chunk is malformed")
        return data[: len(data) - len(ending)]
