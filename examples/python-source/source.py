"""The smallest source in Python: the lines of a text file. See README.md, and wit/source.wit for the contract."""

from wit_world.exports import Source as Exports
from wit_world.exports import source
from wit_world.exports.source import ColumnEntry, Description, Done, Page, Step_Done, Step_Rows, TableEntry
from wit_world.imports.database import Batch
from wit_world.imports.types import (
    Column, Cursor, DataType_Int64, DataType_Text, Error, ErrorKind, Value_Int, Value_Text,
)
from componentize_py_types import Err

READ_BYTES = 65_536
LONGEST_LINE = 1 << 20

# Bytes of the file up to the end of this line: the cursor.
ENDS_AT = Column("ends_at", DataType_Int64(), False, "offset")
LINE = Column("line", DataType_Text(), False, "line")
COLUMNS = [ENDS_AT, LINE]


def error(kind: ErrorKind, message: str, code: str | None = None) -> Err:
    return Err(Error(kind, message, code, None))


class Source(Exports):
    def describe(self) -> Description:
        return Description("lines_py", "0.1.0", ["files"], "", [])

    def check(self, connection) -> str:
        with connection.files() as folder:
            return f"{len(folder.list())} files"

    def tables(self, connection) -> list[TableEntry]:
        with connection.files() as folder:
            return [TableEntry("", file.path, -1) for file in folder.list()]

    def columns(self, connection, schema, table) -> list[ColumnEntry]:
        with connection.files() as folder, folder.open(table):
            return [ColumnEntry(ENDS_AT, True, 1), ColumnEntry(LINE, False, None)]


class Reader(source.Reader):
    """Must be in a module of the interface's name: the build finds it there."""

    @classmethod
    def open(cls, connection, request):
        if request.query is not None:
            raise error(ErrorKind.UNSUPPORTED, "text files answer no queries: name a table")
        reader = cls()
        reader.connection = connection
        with connection.files() as folder:
            reader.file = folder.open(request.table)
        reader.chosen = [column_of(name) for name in request.columns] or COLUMNS
        if column_of(request.cursor_column) is not ENDS_AT:
            message = f"only {ENDS_AT.name} puts the lines in order: take it for the cursor column"
            raise error(ErrorKind.INVALID_REQUEST, message)
        reader.table = request.table
        reader.continued = request.hints.continued
        # Bytes of the file up to the last line that was answered.
        reader.at = offset_of(request.resume.value) if request.resume else 0
        # What was read behind it. Lost with the instance, and read again.
        reader.rest = b""
        if reader.at > reader.file.size():
            message = f"{request.table} ends before the cursor: was it replaced?"
            raise error(ErrorKind.INVALID_REQUEST, message, "invalid_cursor")
        return reader

    def columns(self) -> list[Column]:
        return self.chosen

    def key(self) -> list[int]:
        return [self.chosen.index(ENDS_AT)] if ENDS_AT in self.chosen else []

    def warnings(self) -> list[str]:
        return []

    def next(self, max_rows: int):
        lines = self.lines(max_rows)
        if not lines:
            # An object that is dropped by the host is not collected by this toolchain, so its handles would stay.
            self.file.__exit__(None, None, None)
            self.connection.__exit__(None, None, None)
            held_back = f"the last line of {self.table} has no end yet: it is held back"
            return Step_Done(Done([held_back] if self.rest else []))
        rows = [
            [Value_Int(ends_at) if column is ENDS_AT else Value_Text(text) for column in self.chosen]
            for ends_at, text in lines
        ]
        cursor = Cursor(Value_Int(self.at), [], None, None)
        return Step_Rows(Page(Batch.from_rows(self.chosen, rows), cursor, False))

    def lines(self, most: int) -> list[tuple[int, str]]:
        """The next lines, each with its end. A last line without an end is left for the next read if there will be one."""
        lines, buffer, start = [], self.rest, 0
        while len(lines) < most:
            end = buffer.find(b"\n", start)
            if end >= 0:
                lines.append(self.line(buffer[start:end], end + 1 - start))
                start = end + 1
                continue
            buffer, start = buffer[start:], 0
            if len(buffer) > LONGEST_LINE:
                message = f"{self.table}: the line at byte {self.at} is longer than {LONGEST_LINE} bytes"
                raise error(ErrorKind.LIMIT_EXCEEDED, message)
            more = self.file.read(self.at + len(buffer), READ_BYTES)
            if not more:
                if buffer and not self.continued:
                    lines.append(self.line(buffer, len(buffer)))
                    buffer = b""
                break
            buffer += more
        self.rest = buffer[start:]
        return lines

    def line(self, line: bytes, length: int) -> tuple[int, str]:
        """Takes a line, which is so many bytes long with its end."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise error(ErrorKind.CONVERSION, f"{self.table}: the line at byte {self.at} is not UTF-8") from None
        self.at += length
        return self.at, text


def column_of(name: str) -> Column:
    for column in COLUMNS:
        if column.name == name:
            return column
    raise error(ErrorKind.NOT_FOUND, f"text files have the columns ends_at and line, not {name}")


def offset_of(value) -> int:
    if not isinstance(value, Value_Int) or value.value < 0:
        message = "the cursor of a text file is a number of bytes"
        raise error(ErrorKind.INVALID_REQUEST, message, "invalid_cursor")
    return value.value
