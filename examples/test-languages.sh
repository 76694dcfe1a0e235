#!/usr/bin/env bash
# Builds the plugins that are not in Rust and runs the conformance kit over them. Downloads their toolchains, which `make test`
# must not: it needs npm (Node.js 20 or later) and Python 3.10 or later with venv.
set -euo pipefail
cd "$(dirname "$0")"
for tool in npm python3; do
  command -v "$tool" >/dev/null || { echo "test-languages: install $tool first" >&2; exit 1; }
done

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
mkdir "$data/lines"
: >"$data/lines/empty.txt"
echo 'one line' >"$data/lines/one.txt"
seq -f 'line %g' 5000 >"$data/lines/many.txt"
printf 'an end\nno end' >"$data/lines/open.txt"
echo '{"lines": {"kind": "files", "dsn": "lines"}}' >"$data/connections.json"

(cd javascript-source && npm install --no-audit --no-fund --no-package-lock --loglevel=error && npm run --silent build)
(
  cd python-source
  [ -x .venv/bin/componentize-py ] || { python3 -m venv .venv && .venv/bin/pip install --quiet --requirement requirements.txt; }
  .venv/bin/componentize-py --quiet -d ../../wit -w source-plugin componentize --stub-wasi source -o source.wasm
)

cargo build --quiet
for language in javascript python; do
  component="$PWD/$language-source/source.wasm"
  echo "== $language, $(($(stat -c %s "$component") / 1000)) kB"
  SLUICE_DATA_DIR="$data" cargo run --quiet -- plugin check "$component"
  time SLUICE_DATA_DIR="$data" cargo run --quiet -- plugin test "$component" --connection lines
done
