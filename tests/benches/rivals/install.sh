#!/bin/sh
# Builds and installs what the listing benchmark compares with, under target/rivals; what cannot be had is left out.
set -u
cd "$(dirname "$0")/../../.." || exit 1
mkdir -p target/rivals/node target/rivals/python
cargo build --release --manifest-path tests/benches/rivals/okta-crate/Cargo.toml \
    --target-dir target/rivals/okta-crate || echo "no okta crate"
if command -v npm >/dev/null; then
    npm install --no-audit --no-fund --prefix target/rivals/node @okta/okta-sdk-nodejs@8.1.0 || echo "no Node SDK"
else
    echo "no npm: no Node SDK"
fi
if command -v python3 >/dev/null; then
    python3 -m pip install --quiet --target target/rivals/python okta==3.4.4 || echo "no Python SDK"
else
    echo "no python3: no Python SDK"
fi
