#!/usr/bin/env bash
# The rows of the table "Compile time" in docs/BENCHMARKS.md: CPU and wall seconds of builds after their dependencies,
# without incremental state, each the least of ROUNDS (default 3). Writes below target/ only.
#
#     tests/benches/build_times.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$PWD/target"
exec python3 tests/benches/build_times.py "${ROUNDS:-3}"
