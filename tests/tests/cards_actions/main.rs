//! Every action card of the catalogue runs: one success and one failure at least, judged by the journal of what was
//! called and by the state afterwards, not only by the output.

#![forbid(unsafe_code)]

mod case;
mod governance;
mod judge;
mod okta;
mod salesforce;
mod world;

use std::collections::BTreeMap;

use case::Case;
use okta_workflows::catalogue;
use okta_workflows::catalogue::CardKind;

/// Every action of the connector has a case of each sort.
fn assert_complete(connector: &str, cases: &[Case]) {
    let mut found: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for case in cases {
        found.entry(case.card).or_default()[usize::from(case.failure.is_some())] += 1;
    }
    let info = catalogue().connector(connector).expect("a connector");
    for card in info
        .cards
        .iter()
        .filter(|card| card.kind == CardKind::Action)
    {
        let path = format!("{connector}/{}", card.slug);
        let [successes, failures] = found.remove(path.as_str()).unwrap_or_default();
        assert!(
            successes > 0 && failures > 0,
            "{path}: {successes} successes, {failures} failures"
        );
    }
    assert!(
        found.is_empty(),
        "cases of unknown cards: {:?}",
        found.keys()
    );
}
