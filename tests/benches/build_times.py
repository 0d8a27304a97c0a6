"""Measures builds; called by build_times.sh. What a kind of item costs is told by a package of its own in which each
item of that kind in okta-management stands once more, beside the real ones of all other kinds."""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

ROUNDS = int(sys.argv[1])
HOME = pathlib.Path("target/build-times")
CRATES = "okta-management", "okta-governance"
STRUCTS = r"""(?x) (?:^///.*\n)* \#\[derive\(Clone\)\]\npub\ struct\ \w+\s*\{\n (?:.*\n)*? \}\n
    | ^okta_core::model!\ \{\n (?:.*\n)*? \}\n | ^impl\ \w+\ \{\n (?:.*\n)*? \}\n"""
KINDS = {
    "structs": STRUCTS,
    "unions and choices": r"^okta_core::(?:union|choice)! \{\n(?:.*\n)*?\}\n",
    "enums": r"^okta_core::open_enum! \{\n(?:.*\n)*?\}\n",
}


def run(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}\n{done.stderr[-4000:]}")


def measure(command, touched):
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


def libraries(crate):
    return sorted(pathlib.Path(crate).glob("**/src/lib.rs"))


def generated(crate):
    return sorted(pathlib.Path(crate).glob("**/src/generated/**/*.rs"))


def package(name, files):
    place = HOME / name
    shutil.rmtree(place, ignore_errors=True)
    for path, text in {**files, "Cargo.toml": MANIFEST.format(name=name)}.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    shutil.copy("Cargo.lock", place)
    return place


def check(place):
    return measure(f"cargo check --manifest-path {place}/Cargo.toml", [place / "src/lib.rs"])


MANIFEST = f"""[package]
name = "once-more-{{name}}"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
bytes = "1"
http = "1"
okta-core = {{{{ path = "{pathlib.Path('okta-core').resolve()}" }}}}
okta-management = {{{{ path = "{pathlib.Path('okta-management').resolve()}" }}}}
"""


def types(kind):
    """How many there are, and the package with each of them once more."""
    found = []
    for path in generated("okta-management"):
        if "models" in path.parts or path.name == "models.rs":
            found += re.findall(KINDS[kind], path.read_text(), re.M)
    text = "//! Once more.\n\npub mod models {\n    #![allow(unused_imports)]\n    use okta_core::model::*;\n    use okta_management::models::*;\n"
    return sum(item.startswith("okta_core::") for item in found), {"src/lib.rs": text + "\n".join(found) + "}\n"}


def operations():
    files, families, count = {}, set(), 0
    for path in generated("okta-management/parts"):
        inner = path.parts[path.parts.index("generated") + 1 :]
        if "calls" in inner or inner[-1] == "calls.rs":
            text = path.read_text()
            count += text.count("okta_core::operation!(")
            files["src/generated/" + "/".join(inner)] = text
            families.add(inner[0])
    for family in families:
        has = any(pathlib.Path("okta-management/parts").glob(f"*/src/generated/{family}/models.rs"))
        models = f"pub use okta_management::{family}::models;\n" if has else ""
        files[f"src/generated/{family}/mod.rs"] = f"mod calls;\npub use calls::*;\n{models}"
    modules = "".join(f"pub mod {family};\n" for family in sorted(families))
    files["src/generated/mod.rs"] = f"{modules}pub use okta_management::shared;\n"
    files["src/lib.rs"] = "//! Once more.\n\n#![allow(clippy::all)]\nmod generated;\npub use generated::*;\n"
    return count, files


HOME.mkdir(parents=True, exist_ok=True)
both = [*libraries(CRATES[0]), *libraries(CRATES[1])]
lines = {crate: sum(len(path.read_text().splitlines()) for path in generated(crate)) for crate in CRATES}
print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, " + subprocess.check_output(["rustc", "--version"], text=True).strip())
print("lines generated: " + ", ".join(f"{name} {count:,}" for name, count in lines.items()))
print("\n| what | CPU | wall |\n|---|---|---|")
named = " ".join(f"-p {crate}" for crate in CRATES)
row(f"`cargo check {named}`", measure(f"cargo check {named}", both))
for crate in CRATES:
    row(f"of which {crate}", measure(f"cargo check -p {crate}", libraries(crate)))
row("`cargo build` of both, debug", measure(f"cargo build {named}", both))
row("`cargo build --release` of both", measure(f"cargo build --release {named}", both))
subprocess.run([sys.executable, "tests/benches/derive_variant.py"], check=True)
row("all models of both as plain serde derives, nothing else", check(HOME / "derive"))
empty = check(package("nothing", {"src/lib.rs": "//! Nothing.\n"}))[0]
print("\n| okta-management, check | number | CPU | each |\n|---|---|---|---|")
for kind, (number, files) in [("operations", operations()), *((kind, types(kind)) for kind in KINDS)]:
    cost = check(package(kind.split()[0], files))[0] - empty
    print(f"| {kind} | {number} | {cost:.1f} s | {cost / number * 1000:.1f} ms |", flush=True)
