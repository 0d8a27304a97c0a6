"""Writes target/build-times/derive: all models of both crates as plain serde derives (see codec/twin.py).

    python3 tests/benches/derive_variant.py && cargo check --manifest-path target/build-times/derive/Cargo.toml

No unknown members, nulls, misfits, Clone, Debug, Default, PartialEq, try_x, and no operations: less than the crates.
"""
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path("target/build-times/derive")
(root / "src").mkdir(parents=True, exist_ok=True)
twin = subprocess.run([sys.executable, "tests/benches/codec/twin.py", "--all"], capture_output=True, text=True, check=True)
(root / "src/lib.rs").write_text(twin.stdout)
(root / "Cargo.toml").write_text(
    '[package]\nname = "derive-variant"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
    '[dependencies]\nserde = { version = "1", features = ["derive"] }\nserde_json = "1"\n'
)
shutil.copy("Cargo.lock", root)
