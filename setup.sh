#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks. Says what to do where it cannot.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }

wasm_ready() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ] || [ -d "$(echo /usr/src/rustc-*/library)" ]
}
postgres_ready() {
  have initdb || ls /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb >/dev/null 2>&1
}

have cargo || { echo "setup: install Rust first: https://rustup.rs"; exit 1; }
wasm_ready || timeout 60 rustup target add wasm32-unknown-unknown >/dev/null 2>&1 || true
have cc || missing+=(gcc libc6-dev)
wasm_ready || missing+=(rustc-web cargo-web rust-web-src)
postgres_ready || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

if have apt-get; then
  as_root=$([ "$(id -u)" -eq 0 ] || echo sudo)
  echo "setup: installing ${missing[*]}"
  $as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && exit 0
fi
echo "setup: could not install: ${missing[*]}" >&2
wasm_ready || { echo "setup: plugins need a wasm toolchain: rustup target add wasm32-unknown-unknown" >&2; exit 1; }
postgres_ready || echo "setup: without PostgreSQL's server programs the demo copies an SQLite file, and most tests fail" >&2
