#!/usr/bin/env bash
# What three calls cost a user of the SDK beside the same calls by hand with reqwest and serde:
# size of the stripped release binary, and the time to rebuild it after a change of the program.
set -euo pipefail
cd "$(dirname "$0")/../.."

build() { cargo build --quiet --release --package okta-tests --example "$1"; }
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

for side in by_hand sdk; do
    build "three_calls_$side"
    strip -o "$target/three_calls_$side" "$target/release/examples/three_calls_$side"
done
hand=$(stat -c %s "$target/three_calls_by_hand")
sdk=$(stat -c %s "$target/three_calls_sdk")
echo "stripped release binary: by hand $((hand / 1024)) KiB, SDK $((sdk / 1024)) KiB, difference $(((sdk - hand) / 1024)) KiB"

for round in 1 2 3; do
    for side in by_hand sdk; do
        touch "tests/examples/three_calls_$side.rs"
        begun=$(date +%s%N)
        build "three_calls_$side"
        echo "rebuild $round, $side: $((($(date +%s%N) - begun) / 1000000)) ms"
    done
done
