"""Measures builds; called by build_times.sh. What a kind of item costs is told by a copy of okta-management in which
each item of that kind stands twice (operations: in which there are none), so all else stays as it is."""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
import tomllib

ROUNDS = int(sys.argv[1])
HOME = pathlib.Path("target/build-times")
KINDS = {
    "structs": r"(?:^///.*\n)*#\[derive\(Clone\)\]\npub struct \w+ \{\n(?:.*\n)*?\}\n|^okta_core::model! \{\n(?:.*\n)*?\}\n",
    "unions and choices": r"^okta_core::(?:union|choice)! \{\n(?:.*\n)*?\}\n",
    "enums": r"^okta_core::open_enum! \{\n(?:.*\n)*?\}\n",
}


def run(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(command, *touched):
    """Least CPU and wall seconds; the first, unmeasured run builds the dependencies."""
    run(command)
    best = (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        for path in touched:
            os.utime(path)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        run(command)
        wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best[0], after.ru_utime - before.ru_utime), min(best[1], wall)
    return best


def row(what, times):
    print(f"| {what} | {times[0]:.1f} s | {times[1]:.1f} s |", flush=True)


def copy(name):
    """A package of its own with the sources and dependencies of okta-management."""
    place = HOME / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree("okta-management/src", place / "src")
    shutil.copy("okta-management/README.md", place)
    shutil.copy("Cargo.lock", place)
    central = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["workspace"]["dependencies"]
    lines = [f'[package]\nname = "variant-{name}"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]']
    for crate, own in tomllib.loads(pathlib.Path("okta-management/Cargo.toml").read_text())["dependencies"].items():
        base = central[crate] if isinstance(central[crate], dict) else {"version": central[crate]}
        features = [*base.get("features", []), *(own.get("features", []) if isinstance(own, dict) else [])]
        where = f'path = "{pathlib.Path(base["path"]).resolve()}"' if "path" in base else f'version = "{base["version"]}"'
        default = str(base.get("default-features", True)).lower()
        listed = ", ".join(f'"{feature}"' for feature in features)
        lines.append(f"{crate} = {{ {where}, default-features = {default}, features = [{listed}] }}")
    (place / "Cargo.toml").write_text("\n".join(lines) + "\n")
    return place


def check(place):
    return measure(f"cargo check --manifest-path {place}/Cargo.toml", place / "src/lib.rs")


def sources():
    return sorted(pathlib.Path("okta-management/src/generated").rglob("*.rs"))


def twice(kind):
    place = copy(kind.split()[0])
    found = [item for path in sources() if "models" in str(path) for item in re.findall(KINDS[kind], path.read_text(), re.M)]
    (place / "src/twice.rs").write_text(
        "//! Each item once more.\n\nuse okta_core::model::*;\n\nuse crate::models::*;\n\n" + "\n".join(found)
    )
    with open(place / "src/lib.rs", "a") as lib:
        lib.write("\n/// Each item once more.\npub mod twice;\n")
    count = sum(item.startswith("okta_core::") for item in found)
    return count, check(place)


def without_operations():
    place = copy("models")
    for path in (place / "src/generated").rglob("mod.rs"):
        text = re.sub(r"^(pub )?mod (calls|entry|table|scopes);\n|^pub use (calls|entry|table)::.*;\n", "", path.read_text(), flags=re.M)
        path.write_text(text)
    (place / "src/lib.rs").write_text("//! Models alone.\n\nmod generated;\n\npub use generated::models;\n")
    return check(place)


HOME.mkdir(parents=True, exist_ok=True)
libs = "okta-management/src/lib.rs", "okta-governance/src/lib.rs"
lines = {name: sum(len(path.read_text().splitlines()) for path in pathlib.Path(name, "src/generated").rglob("*.rs")) for name in ("okta-management", "okta-governance")}
print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, " + subprocess.check_output(["rustc", "--version"], text=True).strip())
print("lines generated: " + ", ".join(f"{name} {count:,}" for name, count in lines.items()))
print("\n| what | CPU | wall |\n|---|---|---|")
row("`cargo check -p okta-management -p okta-governance`", measure("cargo check -p okta-management -p okta-governance", *libs))
whole = measure("cargo check -p okta-management", libs[0])
row("of which okta-management", whole)
row("of which okta-governance", measure("cargo check -p okta-governance", libs[1]))
subprocess.run([sys.executable, "tests/benches/derive_variant.py"], check=True)
row("all models of both as plain serde derives, nothing else", check(HOME / "derive"))
row("`cargo build` of both, debug", measure("cargo build -p okta-management -p okta-governance", *libs))
row("`cargo build --release` of both", measure("cargo build --release -p okta-management -p okta-governance", *libs))
copied = check(copy("whole"))
models = without_operations()
count = sum(path.read_text().count("okta_core::operation!(") for path in sources())
print("\n| okta-management, check | number | CPU | each |\n|---|---|---|---|")
cost = copied[0] - models[0]
print(f"| operations | {count} | {cost:.1f} s | {cost / count * 1000:.1f} ms |", flush=True)
for kind in KINDS:
    number, times = twice(kind)
    cost = times[0] - copied[0]
    print(f"| {kind} | {number} | {cost:.1f} s | {cost / number * 1000:.1f} ms |", flush=True)
