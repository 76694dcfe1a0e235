// The smallest source in JavaScript: the lines of a text file. See README.md, and wit/source.wit for the contract.
import { Batch } from 'sluice:source/database@0.1.0';

const NEWLINE = 10;
const READ_BYTES = 65536;
const LONGEST_LINE = 1 << 20;

const COLUMNS = [
  // Bytes of the file up to the end of this line: the cursor.
  { name: 'ends_at', dataType: { tag: 'int64' }, nullable: false, nativeType: 'offset' },
  { name: 'line', dataType: { tag: 'text' }, nullable: false, nativeType: 'line' },
];

/** What is thrown becomes the `error` of the contract. */
function error(kind, message, code) {
  return Object.assign(new Error(message), { payload: { kind, message, code, column: undefined } });
}

class Reader {
  #connection;
  #folder;
  #file;
  #table;
  #chosen;
  #continued;
  /** Bytes of the file up to the last line that was answered. */
  #at;
  /** What was read behind it. Lost with the instance, and read again. */
  #rest = new Uint8Array(0);

  static open(connection, request) {
    if (request.query !== undefined) {
      throw error('unsupported', 'text files answer no queries: name a table');
    }
    const reader = new Reader();
    reader.#connection = connection;
    reader.#folder = connection.files();
    reader.#file = reader.#folder.open(request.table);
    const cursor = columnOf(request.cursorColumn);
    const chosen = request.columns.length === 0 ? COLUMNS : request.columns.map(columnOf);
    if (cursor !== COLUMNS[0]) {
      throw error('invalid-request', `only ${COLUMNS[0].name} puts the lines in order: take it for the cursor column`);
    }
    reader.#table = request.table;
    reader.#chosen = chosen;
    reader.#continued = request.hints.continued;
    reader.#at = request.resume === undefined ? 0 : offsetOf(request.resume.value);
    if (BigInt(reader.#at) > reader.#file.size()) {
      throw error('invalid-request', `${request.table} ends before the cursor: was it replaced?`, 'invalid_cursor');
    }
    return reader;
  }

  columns() {
    return this.#chosen;
  }

  key() {
    const at = this.#chosen.indexOf(COLUMNS[0]);
    return at < 0 ? [] : [at];
  }

  warnings() {
    return [];
  }

  /** The host counts handles, and nobody knows when they would be collected. */
  [Symbol.dispose]() {
    for (const handle of [this.#file, this.#folder, this.#connection]) {
      handle?.[Symbol.dispose]();
    }
  }

  next(maxRows) {
    const ends = this.#lineEnds(maxRows);
    if (ends.length === 0) {
      const heldBack = this.#rest.length > 0;
      const warnings = heldBack ? [`the last line of ${this.#table} has no end yet: it is held back`] : [];
      return { tag: 'done', val: { warnings } };
    }
    const page = this.#rest.subarray(0, ends.at(-1));
    const values = this.#chosen.map((column) => (column === COLUMNS[0] ? offsets(ends, this.#at) : texts(page, ends)));
    const data = values.map((values) => ({ validity: undefined, values }));
    const batch = Batch.fromColumns(this.#chosen, ends.length, data);
    this.#rest = this.#rest.subarray(page.length);
    this.#at += page.length;
    const cursor = { value: { tag: 'int', val: BigInt(this.#at) }, tie: [], landed: undefined, digest: undefined };
    return { tag: 'rows', val: { batch, cursor, boundary: false } };
  }

  /** Where in what was read the next lines end. A last one without an end is left for the next read if there will be one. */
  #lineEnds(most) {
    const ends = [];
    while (ends.length < most) {
      const start = ends.at(-1) ?? 0;
      const newline = this.#rest.indexOf(NEWLINE, start);
      if (newline >= 0) {
        ends.push(newline + 1);
        continue;
      }
      if (this.#rest.length - start > LONGEST_LINE) {
        throw error('limit-exceeded', `${this.#table}: the line at byte ${this.#at + start} is longer than ${LONGEST_LINE} bytes`);
      }
      const more = this.#file.read(BigInt(this.#at + this.#rest.length), READ_BYTES);
      if (more.length === 0) {
        if (this.#rest.length > start && !this.#continued) {
          ends.push(this.#rest.length);
        }
        break;
      }
      const joined = new Uint8Array(this.#rest.length + more.length);
      joined.set(this.#rest);
      joined.set(more, this.#rest.length);
      this.#rest = joined;
    }
    return ends;
  }
}

function offsets(ends, from) {
  return { tag: 'int64s', val: BigInt64Array.from(ends, (end) => BigInt(from + end)) };
}

/** Values of a text column: all their bytes, and where each ends. The host refuses what is not UTF-8. */
function texts(page, ends) {
  const data = page.slice();
  const offsets = new Uint32Array(ends.length + 1);
  ends.forEach((end, row) => {
    const start = row === 0 ? 0 : ends[row - 1];
    const length = end - start - (page[end - 1] === NEWLINE ? 1 : 0);
    data.copyWithin(offsets[row], start, start + length);
    offsets[row + 1] = offsets[row] + length;
  });
  return { tag: 'texts', val: { offsets, data: data.subarray(0, offsets[ends.length]) } };
}

function columnOf(name) {
  const column = COLUMNS.find((column) => column.name === name);
  if (column === undefined) {
    throw error('not-found', `text files have the columns ends_at and line, not ${name}`);
  }
  return column;
}

function offsetOf(value) {
  if (value.tag !== 'int' || value.val < 0n) {
    throw error('invalid-request', 'the cursor of a text file is a number of bytes', 'invalid_cursor');
  }
  return Number(value.val);
}

export const source = {
  describe() {
    return {
      kind: 'lines_js',
      version: '0.1.0',
      connectionKinds: ['files'],
      defaultSchema: '',
      capabilities: [],
    };
  },

  check(connection) {
    const files = connection.files().list();
    return `${files.length} files`;
  },

  tables(connection) {
    return connection.files().list().map(({ path }) => ({ schema: '', name: path, approxRows: -1n }));
  },

  columns(connection, _schema, table) {
    connection.files().open(table);
    return COLUMNS.map((column, at) => ({
      column,
      cursorCandidate: at === 0,
      keyPosition: at === 0 ? 1 : undefined,
    }));
  },

  Reader,
};
