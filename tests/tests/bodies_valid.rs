//! Every body that the specification allows decodes and encodes to the same JSON value, without drift.

use okta_tests::schema::{
    Coverage, Facts, Failures, Fill, Maker, Root, Style, Tree, Type, Verdict, places,
    recode_checked, roots,
};

/// Drift that a rule makes of valid bodies, each with the rule. The bodies come back the same all the same.
const RULES: [(&str, &str); 1] = [(
    "updateDefaultProvisioningConnectionForApplication request",
    "no discriminator of its own, only one of a member: without `baseUrl` it is read as the OAuth alternative",
)];

fn check(root: &Root, tree: &Tree, style: Style, failures: &mut Failures) {
    check_text(root, &tree.write(style), Some(tree), failures);
}

fn check_text(root: &Root, text: &str, tree: Option<&Tree>, failures: &mut Failures) {
    failures.bodies += 1;
    let show = || format!("{}: {text}", root.name);
    match recode_checked(root.recode, text.as_bytes(), tree) {
        Verdict::Broken(what) => failures.add(what, show),
        Verdict::Refused(error) => failures.add(format!("refused: {error}"), show),
        Verdict::Same(recoded) => {
            if recoded.raw_fallbacks > 0 {
                failures.add(format!("{} kept as text", root.name), || {
                    format!("{text}\n    {:?}", recoded.drift)
                });
            }
            if RULES.iter().any(|(body, _)| *body == root.name) {
                return;
            }
            for drift in recoded.drift {
                let group = format!(
                    "drift {:?} at {}: {} expected, {} found",
                    drift.kind, drift.path, drift.expected, drift.found
                );
                failures.add(group, show);
            }
        }
    }
}

fn until_nothing_new(coverage: &mut Coverage, mut make: impl FnMut(&mut Coverage)) {
    let mut before = usize::MAX;
    while before != coverage.taken().0 {
        before = coverage.taken().0;
        make(coverage);
        make(coverage);
    }
}

fn api(name: &str, least: usize) {
    let facts = Facts::read(name);
    let roots = roots(&facts);
    let (mut failures, mut coverage) = (Failures::default(), Coverage::default());
    for root in &roots {
        check(
            root,
            &Maker::new(&facts, Fill::Required, &mut coverage).make(&root.ty),
            Style::Plain,
            &mut failures,
        );
        for style in [Style::Plain, Style::Escaped, Style::Spaced] {
            check(
                root,
                &Maker::new(&facts, Fill::Full, &mut coverage).make(&root.ty),
                style,
                &mut failures,
            );
        }
    }
    // Each body and each schema by itself, again and again, until every variant, enum value and null was there.
    for root in &roots {
        until_nothing_new(&mut coverage, |coverage| {
            let tree = Maker::new(&facts, Fill::Required, coverage).make(&root.ty);
            check(root, &tree, Style::Plain, &mut failures);
        });
    }
    for place in places(&facts, &roots) {
        until_nothing_new(&mut coverage, |coverage| {
            let object = place.object(&facts, coverage);
            let text = place.shell(&facts, coverage).around(&object, Style::Plain);
            check_text(&roots[place.root], &text, None, &mut failures);
        });
    }
    let (taken, missing) = coverage.taken();
    println!(
        "{name}: {} bodies of {} roots, {taken} options",
        failures.bodies,
        roots.len()
    );
    let bodies = failures.bodies;
    failures.finish();
    let missing = missing.join("\n    ");
    assert!(missing.is_empty(), "never fully covered: \n    {missing}");
    assert!(bodies >= least, "only {bodies} bodies");
}

#[test]
fn management() {
    api("management", 3000);
}

#[test]
fn governance() {
    api("governance", 800);
}

#[test]
fn oauth() {
    api("oauth", 100);
}

/// Lists whose elements are different variants by turns, in different orders: what one teaches the decoder about the
/// order of members must not harm the next.
#[test]
fn demand_04_variants_by_turns() {
    let mut failures = Failures::default();
    for name in ["management", "governance", "oauth"] {
        let facts = Facts::read(name);
        let mut coverage = Coverage::default();
        for root in roots(&facts) {
            let Type::Array(inner) = facts.resolved(&root.ty) else {
                continue;
            };
            let elements = (0..60).map(|n| {
                let fill = if n % 3 == 0 {
                    Fill::Required
                } else {
                    Fill::Shallow
                };
                match Maker::new(&facts, fill, &mut coverage).make(inner) {
                    Tree::Object(mut members) if n % 2 == 0 => {
                        members.reverse();
                        Tree::Object(members)
                    }
                    other => other,
                }
            });
            let tree = Tree::Array(elements.collect());
            check(&root, &tree, Style::Plain, &mut failures);
        }
    }
    assert!(failures.bodies > 100, "{} lists", failures.bodies);
    failures.finish();
}
