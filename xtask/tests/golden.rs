//! The generator against an invented specification: `tests/golden/expected/*` is what it must write.
//! After a wanted change run the test with `UPDATE_GOLDEN=1` and review the diff.

use std::path::Path;

#[test]
fn invented_specification() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read = |name: &str| std::fs::read_to_string(here.join(name)).expect(name);
    let files = xtask::generate_from(
        "management",
        &read("specification.yaml"),
        &read("names.json"),
        &read("corrections.jsonl"),
    )
    .expect("it generates");
    let flat = |name: &str| name.replace('/', "__");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = std::fs::remove_dir_all(here.join("expected"));
        std::fs::create_dir_all(here.join("expected")).expect("a directory");
        for (name, text) in &files {
            std::fs::write(here.join("expected").join(flat(name)), text).expect("a file");
        }
    }
    let mut expected: Vec<String> = std::fs::read_dir(here.join("expected"))
        .expect("expected files")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    expected.sort();
    let mut found: Vec<String> = files.keys().map(|name| flat(name)).collect();
    found.sort();
    assert_eq!(found, expected);
    for (name, text) in &files {
        let expected = read(&format!("expected/{}", flat(name)));
        assert!(
            *text == expected,
            "{name} differs; see tests/golden.rs\n{text}"
        );
    }
}

#[test]
fn no_prose_in_facts_or_code() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/expected");
    for entry in std::fs::read_dir(here).expect("expected files") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
        assert!(!text.contains("prose"));
    }
}

fn failure(specification: &str, names: &str) -> String {
    let result = xtask::generate_from("management", specification, names, "");
    format!("{:#}", result.expect_err("it must be refused"))
}

#[test]
fn errors_say_what_and_where() {
    let base = "openapi: 3.0.3\ninfo: {version: '1'}\n";
    let error = failure("openapi: 3.0.3\n  info: [", "{}");
    assert!(error.contains("line 2"), "{error}");
    let error = failure("openapi: 2.0\n", "{}");
    assert!(error.contains("expected 3.0.x"), "{error}");
    let error = failure(
        &format!(
            "{base}paths: {{/api/v1/a: {{get: {{operationId: a, responses: {{'200': {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/No'}}}}}}}}}}}}}}}}\n"
        ),
        "{}",
    );
    assert!(
        error.contains("GET /api/v1/a")
            && error.contains("`#/components/schemas/No` does not exist"),
        "{error}"
    );
}

#[test]
fn collisions_name_both() {
    let operation = |path: &str, id: &str| {
        format!(
            "  {path}: {{get: {{operationId: {id}, responses: {{'204': {{description: none}}}}}}}}\n"
        )
    };
    let specification = format!(
        "openapi: 3.0.3\ninfo: {{version: '1'}}\npaths:\n{}{}",
        operation("/api/v1/a-b", "one"),
        operation("/api/v1/a_b", "two")
    );
    let error = failure(&specification, "{}");
    assert!(
        error.contains("/api/v1/a-b") && error.contains("/api/v1/a_b"),
        "{error}"
    );
    let specification = "openapi: 3.0.3\ninfo: {version: '1'}\npaths: {/api/v1/a: {get: {operationId: a, responses: {'204': {description: none}}}}}\ncomponents: {schemas: {APIKey: {type: object, properties: {a: {type: string}}}, ApiKey: {type: object, properties: {b: {type: string}}}}}\n";
    let error = failure(specification, "{}");
    assert!(
        error.contains("`APIKey`") && error.contains("`ApiKey`"),
        "{error}"
    );
}
