#!/usr/bin/env python3
"""Replay recorded traffic on a sandbox once for each of a few kinds of orgs.

Usage: kinds.py SHARED --base URL --token TOKEN     (okta-sandbox --no-rate-limit prints both)

SHARED is the directory with conformance/ and recorded/.  The recordings come from orgs of several
licences and years, which contradict each other about some members; no one org can match them all.
The script prints the scores of each kind, and those of the kind that fits each test best: how
faithful the sandbox is to an org of which one knows the kind.
"""
import argparse
import collections
import gzip
import itertools
import json
import pathlib
import sys

KINDS = {
    "default": {},
    "2025": dict(realms=False, endUserManagedApps=False, universalLogout=False,
                 singleLogout=False, riskConditions=False),
    "2026": dict(resetFactorsForAll=True, groupOwners=True),
    "no realms, factors reset for all": dict(realms=False, resetFactorsForAll=True),
    "no realms, no risk": dict(realms=False, riskConditions=False),
    "no single logout": dict(singleLogout=False),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=pathlib.Path)
    parser.add_argument("--base", required=True)
    parser.add_argument("--token", required=True)
    args = parser.parse_args()
    sys.path.insert(0, str(args.shared / "conformance"))
    sys.dont_write_bytecode = True
    import replay

    with gzip.open(args.shared / "recorded/open.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    tests = [(name, list(rows)) for name, rows in itertools.groupby(rows, key=lambda r: r["test"])]
    server = replay.Server(args.base, args.token)
    best = {}
    for kind, features in KINDS.items():
        seed = json.dumps({"org": {"features": features}}).encode()
        status, _, text = server.call("POST", "/_sandbox/seed", seed, "application/json")
        if status != 200:
            sys.exit(f"kinds: the sandbox answered {status} to the seed: {text[:200]}")
        total = collections.Counter()
        for name, exchanges in tests:
            server.fresh_org(True)
            passed = collections.Counter()
            for _, _, scores in replay.replay_test(server, exchanges, args.base):
                for score, (good, _) in scores.items():
                    passed[score, good] += 1
            total += passed
            good = sum(n for (_, ok), n in passed.items() if ok)
            if name not in best or good > best[name][0]:
                best[name] = (good, kind, passed)
        show(kind, total, replay.SCORES)
    show("the kind that fits each test", sum((b[2] for b in best.values()), collections.Counter()),
         replay.SCORES)
    print(json.dumps(collections.Counter(b[1] for b in best.values())))


def show(name, counts, scores):
    def rate(score):
        good, bad = counts[score, True], counts[score, False]
        return f"{score.removesuffix('_equal')} {100 * good / (good + bad):.2f}"
    print(f"{name:34}", "  ".join(map(rate, scores)), flush=True)


if __name__ == "__main__":
    main()
