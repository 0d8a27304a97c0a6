#!/bin/sh
# Builds and installs what the listing benchmark compares with: the okta crate, the Node SDK, the Python SDK.
# Into $OKTA_RIVALS, a directory outside of the checkout, or else target/rivals; what cannot be had is left out and
# named. Give the same OKTA_RIVALS to the benchmark.
set -u
cd "$(dirname "$0")/../../.." || exit 1
rivals=${OKTA_RIVALS:-target/rivals}
mkdir -p "$rivals/node" "$rivals/python"
cargo build --release --locked --manifest-path tests/benches/rivals/okta-crate/Cargo.toml \
    --target-dir "$rivals/okta-crate" || echo "no okta crate"
if command -v npm >/dev/null; then
    npm install --no-audit --no-fund --prefix "$rivals/node" @okta/okta-sdk-nodejs@8.1.0 || echo "no Node SDK"
else
    echo "no npm: no Node SDK"
fi
if command -v python3 >/dev/null; then
    python3 -m pip install --quiet --target "$rivals/python" okta==3.4.4 || echo "no Python SDK"
else
    echo "no python3: no Python SDK"
fi
