//! Pages with odd records: every record is there, typed or raw, at its place, and is what the service sent.

use okta_core::model::{Value, decode_items, encode};
use okta_governance::models as governance;
use okta_management::models;
use okta_tests::schema::{Coverage, Facts, Maker, Rng, Style, Tree, Type, random_mutations};

/// Records of which every third is spoiled, some so that they are no objects at all.
fn records(facts: &Facts, ty: &Type, rng: &mut Rng) -> Vec<Tree> {
    let mut coverage = Coverage::default();
    let record = |n: usize| {
        let mut tree = Maker::random(facts, 40, &mut coverage, rng).make(ty);
        match n % 9 {
            3 | 6 => drop(random_mutations(&mut tree, rng)),
            7 => tree = Tree::Null,
            8 => tree = Tree::Array(vec![tree]),
            _ => {}
        }
        tree
    };
    (0..90).map(record).collect()
}

fn page<T: Value>(api: &str, schema: &str, wrapper: Option<&str>) {
    let facts = Facts::read(api);
    let mut rng = Rng::new(17);
    for round in 0..6 {
        let records = records(&facts, &Type::Schema(schema.to_owned()), &mut rng);
        let list = Tree::Array(records.clone());
        let body = match wrapper {
            Some(name) => Tree::Object(vec![
                ("_links".to_owned(), Tree::Object(Vec::new())),
                (name.to_owned(), list),
                ("noSuchMember".to_owned(), Tree::number("1.50")),
            ]),
            None => list,
        };
        let style = if round % 2 == 0 {
            Style::Plain
        } else {
            Style::Escaped
        };
        let page = decode_items::<T>(body.write(style).as_bytes(), wrapper).expect("a page");
        assert!(
            page.undecodable.len() >= 20,
            "{schema}: {} undecodable",
            page.undecodable.len()
        );
        assert_eq!(
            page.items.len() + page.undecodable.len(),
            records.len(),
            "{schema}"
        );

        let mut items = page.items.iter();
        for (n, record) in records.iter().enumerate() {
            let text = match page.undecodable.iter().find(|odd| odd.index == n) {
                Some(odd) => odd.json.as_str().as_bytes().to_vec(),
                None => encode(items.next().expect("an item")),
            };
            let found = Tree::read(&text).expect("JSON");
            assert_eq!(
                record.difference(&found),
                None,
                "{schema}, record {n}: {}",
                record.write(Style::Plain)
            );
            let object = matches!(record, Tree::Object(_));
            assert!(
                object || page.undecodable.iter().any(|odd| odd.index == n),
                "{schema}: record {n} is no object"
            );
        }
        if wrapper.is_some() {
            assert_eq!(page.envelope.get("noSuchMember"), Some("1.50"), "{schema}");
        }
    }
}

#[test]
fn demand_01_lists_of_models() {
    page::<models::User>("management", "User", None);
    page::<models::Group>("management", "Group", None);
    page::<models::LogEvent>("management", "LogEvent", None);
}

#[test]
fn demand_01_lists_of_unions() {
    page::<models::Application>("management", "Application", None);
    page::<models::Policy>("management", "Policy", None);
    page::<models::UserFactor>("management", "UserFactor", None);
}

#[test]
fn demand_01_lists_in_wrappers() {
    page::<governance::CampaignSparse>("governance", "campaign-sparse", Some("data"));
    page::<governance::RequestSparse2>("governance", "request-sparse-2", Some("data"));
}
