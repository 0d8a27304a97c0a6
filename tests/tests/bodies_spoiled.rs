//! Bodies that differ from the specification: nothing panics, everything decodes, nothing is lost.

use std::time::{Duration, Instant};

use okta_core::json::ErrorKind;
use okta_tests::schema::{
    Coverage, Expected, Facts, Failures, Fill, Maker, Rng, Root, Style, Tree, Type, Verdict,
    flipped, mutations, nested, places, random_mutations, recode_checked, roots, truncated,
};

/// How much longer than in CI: `OKTA_TEST_LONGER=10`.
fn longer() -> u32 {
    std::env::var("OKTA_TEST_LONGER")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// Other bodies than in CI: `OKTA_TEST_SEED=2`.
fn seed() -> u64 {
    std::env::var("OKTA_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// Whether the body itself may be refused if it is of another type: nothing around it could keep it.
fn bare(facts: &Facts, ty: &Type) -> bool {
    !matches!(facts.resolved(ty), Type::Schema(_) | Type::Any)
}

/// Checks one body; tells whether it was reported as drift, if it came back.
fn check(
    root: &Root,
    text: &str,
    tree: Option<&Tree>,
    bare: bool,
    failures: &mut Failures,
    label: &str,
) -> Option<bool> {
    failures.bodies += 1;
    let show = || format!("{} ({label}): {text}", root.name);
    match recode_checked(root.recode, text.as_bytes(), tree) {
        Verdict::Same(recoded) => return Some(!recoded.drift.is_empty()),
        Verdict::Refused(error) if bare && matches!(error.kind(), ErrorKind::WrongType { .. }) => {}
        Verdict::Refused(error) => failures.add(
            format!("refused: {}", without_place(&error.to_string())),
            show,
        ),
        Verdict::Broken(what) => failures.add(what, show),
    }
    None
}

fn without_place(text: &str) -> &str {
    text.split(" at ").next().unwrap_or(text)
}

/// Every mutation of every object schema, by the shortest way to it.
fn every_mutation(api: &str, least: usize) {
    let facts = Facts::read(api);
    let roots = roots(&facts);
    let places = places(&facts, &roots);
    let (mut failures, mut coverage) = (Failures::default(), Coverage::default());
    for place in &places {
        let object = place.object(&facts, &mut coverage);
        let shell = place.shell(&facts, &mut coverage);
        let mutations = mutations(&facts, &place.schema, &object);
        for (n, mutation) in mutations.into_iter().enumerate() {
            let style = if n % 16 == 7 {
                Style::Escaped
            } else {
                Style::Plain
            };
            let text = shell.around(&mutation.tree, style);
            let root = &roots[place.root];
            let drift = check(root, &text, None, false, &mut failures, &mutation.label);
            if drift == Some(false) && mutation.expected == Expected::Drift {
                failures.add(
                    format!("not reported: {} {}", place.schema, mutation.label),
                    || format!("{}: {text}", root.name),
                );
            }
        }
    }
    println!(
        "{api}: {} mutations of {} object schemas",
        failures.bodies,
        places.len()
    );
    let bodies = failures.bodies;
    failures.finish();
    assert!(bodies >= least, "only {bodies} bodies");
}

#[test]
fn demand_02_every_mutation_of_management() {
    every_mutation("management", 100_000);
}

#[test]
fn demand_02_every_mutation_of_governance() {
    every_mutation("governance", 30_000);
}

#[test]
fn every_mutation_of_oauth() {
    every_mutation("oauth", 5_000);
}

const APIS: [&str; 3] = ["management", "governance", "oauth"];

/// Each operation's bodies, spoiled at several places at once.
#[test]
fn random_mutations_of_every_body() {
    let mut failures = Failures::default();
    for api in APIS {
        let facts = Facts::read(api);
        let roots = roots(&facts);
        for (n, root) in roots.iter().enumerate() {
            let mut rng = Rng::new(seed().wrapping_mul(1_000_003).wrapping_add(n as u64));
            for round in 0..12 * longer() {
                let percent = [15, 40, 80][round as usize % 3];
                let mut coverage = Coverage::default();
                let mut tree =
                    Maker::random(&facts, percent, &mut coverage, &mut rng).make(&root.ty);
                let label = random_mutations(&mut tree, &mut rng).join("; ");
                let bare = bare(&facts, &root.ty);
                let text = tree.write(Style::Plain);
                check(root, &text, Some(&tree), bare, &mut failures, &label);
            }
        }
    }
    println!("{} random bodies", failures.bodies);
    failures.finish();
}

/// The body itself is something else.
#[test]
fn other_bodies() {
    let mut failures = Failures::default();
    for api in APIS {
        let facts = Facts::read(api);
        for root in roots(&facts) {
            for text in [
                "null",
                "true",
                "0",
                "-1.50",
                "1e999",
                "\"\"",
                "\"text\"",
                "[]",
                "[null]",
                "[[]]",
                "[1,{}]",
                "{}",
                "{\"a\":[]}",
            ] {
                check(
                    &root,
                    text,
                    None,
                    bare(&facts, &root.ty),
                    &mut failures,
                    "another body",
                );
            }
        }
    }
    failures.finish();
}

/// Cut off and damaged texts: an error, or the same value; never a panic.
#[test]
fn broken_texts() {
    let mut failures = Failures::default();
    let (mut refused, mut taken) = (0, 0);
    for api in APIS {
        let facts = Facts::read(api);
        for (n, root) in roots(&facts).iter().enumerate() {
            let mut coverage = Coverage::default();
            let mut rng = Rng::new(seed().wrapping_mul(7).wrapping_add(n as u64));
            let fill = if n % 2 == 0 {
                Fill::Shallow
            } else {
                Fill::Required
            };
            let text = Maker::new(&facts, fill, &mut coverage)
                .make(&root.ty)
                .write(Style::Plain);
            let object = text.starts_with(['{', '[', '"']);
            for cut in truncated(text.as_bytes(), &mut rng, 12 * longer() as usize)
                .into_iter()
                .filter(|_| object)
            {
                failures.bodies += 1;
                match recode_checked(root.recode, cut, None) {
                    Verdict::Refused(_) => refused += 1,
                    other => failures.add("a cut-off text was taken".to_owned(), || {
                        format!("{}: {other:?}: {cut:?}", root.name)
                    }),
                }
            }
            for _ in 0..25 * longer() {
                let flipped = flipped(text.as_bytes(), &mut rng);
                failures.bodies += 1;
                match recode_checked(root.recode, &flipped, None) {
                    Verdict::Refused(_) => refused += 1,
                    Verdict::Same(_) => taken += 1,
                    Verdict::Broken(what) => failures.add(what, || {
                        format!("{}: {}", root.name, String::from_utf8_lossy(&flipped))
                    }),
                }
            }
        }
    }
    println!("{refused} refused, {taken} taken");
    failures.finish();
    assert!(refused > 0 && taken > 0);
}

/// A text that is nested too deeply is refused and says so; one that is not comes back.
#[test]
fn deep_texts() {
    let mut failures = Failures::default();
    for api in APIS {
        let facts = Facts::read(api);
        for root in roots(&facts) {
            for text in nested(okta_core::json::MAX_DEPTH - 2).iter().take(4) {
                // Lists of lists and maps of texts may be refused, but not for their depth.
                let started = Instant::now();
                check(&root, text, None, true, &mut failures, "deep");
                assert!(started.elapsed() < Duration::from_secs(5), "{}", root.name);
            }
            for text in nested(20_000) {
                failures.bodies += 1;
                match recode_checked(root.recode, text.as_bytes(), None) {
                    Verdict::Refused(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::TooDeep | ErrorKind::WrongType { .. }
                        ) => {}
                    other => failures.add("too deep".to_owned(), || {
                        format!("{}: {other:?}", root.name)
                    }),
                }
            }
        }
    }
    failures.finish();
}
