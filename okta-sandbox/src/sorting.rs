//! Sorted lists. Their cursors hold what was sorted by, so that pages neither lose nor repeat
//! anything when objects come and go between them.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::exchange::Request;
use crate::fault::Fault;
use crate::json::text;
use crate::paging::{self, Page, PagingQuirks, Size};

/// What an object is sorted by.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Number(f64),
    Text(String),
    /// The object lacks the property; such objects come last in either direction.
    Nothing,
}

/// A property and a direction; ties go by id.
pub(crate) struct Sort {
    pointer: String,
    descending: bool,
}

type Place = (Key, String);

impl Sort {
    /// What a request asks for.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let path = request.query("sortBy").filter(|path| !path.is_empty())?;
        Some(Self::by(path, request.query("sortOrder")))
    }

    /// What a request asks for in one parameter: a property, and a direction behind it.
    pub(crate) fn ordered(request: &Request) -> Option<Self> {
        let mut words = request.query("orderBy")?.split_whitespace();
        Some(Self::by(words.next()?, words.next()))
    }

    fn by(path: &str, order: Option<&str>) -> Self {
        Self {
            pointer: format!("/{}", path.replace('.', "/")),
            descending: order.is_some_and(|order| order.eq_ignore_ascii_case("desc")),
        }
    }

    fn place(&self, object: &Value) -> Place {
        let key = match object.pointer(&self.pointer) {
            Some(Value::String(text)) => Key::Text(text.to_lowercase()),
            Some(Value::Number(number)) => Key::Number(number.as_f64().unwrap_or_default()),
            Some(Value::Bool(truth)) => Key::Text(truth.to_string()),
            _ => Key::Nothing,
        };
        (key, text(object, "/id").to_owned())
    }

    fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let turned = |order: Ordering| match self.descending {
            true => order.reverse(),
            false => order,
        };
        let keys = match (&a.0, &b.0) {
            (Key::Nothing, Key::Nothing) => Ordering::Equal,
            (Key::Nothing, _) => Ordering::Greater,
            (_, Key::Nothing) => Ordering::Less,
            (Key::Number(a), Key::Number(b)) => turned(a.total_cmp(b)),
            (Key::Text(a), Key::Text(b)) => turned(a.cmp(b)),
            (Key::Number(_), Key::Text(_)) => turned(Ordering::Less),
            (Key::Text(_), Key::Number(_)) => turned(Ordering::Greater),
        };
        keys.then_with(|| a.1.cmp(&b.1))
    }

    /// The page that a request asks for.
    pub(crate) fn cut<'o>(
        &self,
        request: &Request,
        quirks: &PagingQuirks,
        size: Size,
        objects: impl Iterator<Item = &'o Value>,
    ) -> Result<Page<&'o Value>, Fault> {
        let limit = paging::limit(request, size)?;
        let cursor = request.query("after").filter(|cursor| !cursor.is_empty());
        let after = match cursor {
            Some(cursor) => read(&paging::redeem_words(&request.path, cursor)?)?,
            None if quirks.empty_page => {
                return Ok(Page {
                    items: Vec::new(),
                    next: Some(paging::issue_words(&request.path, "null")),
                    limit,
                });
            }
            None => None,
        };
        let behind = |place: &Place| {
            after
                .as_ref()
                .is_none_or(|after| self.compare(place, after).is_gt())
        };
        let placed = objects.map(|object| (self.place(object), object));
        let mut rest: Vec<(Place, &Value)> = placed.filter(|(place, _)| behind(place)).collect();
        let more = rest.len() > limit;
        if more {
            // Only what is on the page needs to be in order.
            rest.select_nth_unstable_by(limit, |a, b| self.compare(&a.0, &b.0));
            rest.truncate(limit);
        }
        rest.sort_by(|a, b| self.compare(&a.0, &b.0));
        let last = rest.last().filter(|_| more);
        let next = last.map(|(place, _)| paging::issue_words(&request.path, &write(place)));
        Ok(Page {
            items: rest.into_iter().map(|(_, object)| object).collect(),
            next,
            limit,
        })
    }
}

fn write((key, id): &Place) -> String {
    let key = match key {
        Key::Number(number) => json!(number),
        Key::Text(text) => json!(text),
        Key::Nothing => Value::Null,
    };
    json!([key, id]).to_string()
}

/// The place that a cursor tells of; none for the beginning.
fn read(words: &str) -> Result<Option<Place>, Fault> {
    let refused = || Fault::code("E0000029", &["Invalid cursor."]);
    let told: Value = serde_json::from_str(words).map_err(|_| refused())?;
    if told.is_null() {
        return Ok(None);
    }
    let key = match &told[0] {
        Value::Number(number) => Key::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => Key::Text(text.clone()),
        Value::Null => Key::Nothing,
        _ => return Err(refused()),
    };
    let id = told[1].as_str().ok_or_else(refused)?;
    Ok(Some((key, id.to_owned())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Sort;
    use crate::bench::Bench;
    use crate::json::text;

    fn group(bench: &Bench, name: &str) -> String {
        let body = json!({ "profile": { "name": name } });
        let (status, group) = bench.call("POST", "/api/v1/groups", Some(&body));
        assert_eq!(status, 200, "{group}");
        format!("/api/v1/groups/{}", text(&group, "/id"))
    }

    /// The names on a page, and the address of the next one.
    fn page(bench: &Bench, target: &str) -> (Vec<String>, Option<String>) {
        let answer = bench.raw("GET", target, Vec::new());
        assert_eq!(answer.status, 200);
        let page: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let names = page.as_array().expect("a list").iter();
        let names = names.map(|one| text(one, "/profile/name").to_owned());
        let next = answer.headers.iter().find_map(|(_, line)| {
            let url = line.strip_suffix(">; rel=\"next\"")?;
            Some(url[url.find("/api")?..].to_owned())
        });
        (names.collect(), next)
    }

    const SORTED: &str =
        "/api/v1/groups?search=profile.name%20sw%20%22T%22&sortBy=profile.name&limit=2";

    #[test]
    fn pages_lose_and_repeat_nothing_when_objects_come_and_go() {
        let bench = Bench::new();
        let made: Vec<String> = ["Te", "Tc", "Ta", "Td", "Tb"]
            .map(|name| group(&bench, name))
            .into();
        let (names, next) = page(&bench, SORTED);
        assert_eq!(names, ["Ta", "Tb"]);
        // One in front goes, the last one shown goes, one comes in front.
        for gone in [&made[2], &made[4]] {
            assert_eq!(bench.call("DELETE", gone, None).0, 204);
        }
        group(&bench, "T0");
        let (names, next) = page(&bench, &next.expect("more"));
        assert_eq!(names, ["Tc", "Td"]);
        group(&bench, "T1");
        let (names, next) = page(&bench, &next.expect("more"));
        assert_eq!((names, next), (vec!["Te".to_owned()], None));
        let (names, _) = page(&bench, &format!("{SORTED}&sortOrder=desc"));
        assert_eq!(names, ["Te", "Td"]);
    }

    #[test]
    fn cursors_of_other_lists_are_refused() {
        let bench = Bench::new();
        for name in ["Ta", "Tb", "Tc"] {
            group(&bench, name);
        }
        let plain = "/api/v1/groups?search=profile.name%20sw%20%22T%22&limit=2";
        let (_, next) = page(&bench, plain);
        let unsorted = next
            .expect("more")
            .replace("search=", "sortBy=type&search=");
        assert_eq!(bench.call("GET", &unsorted, None).0, 400);
        let (_, next) = page(&bench, SORTED);
        let sorted = next.expect("more").replace("sortBy=", "x=");
        assert_eq!(bench.call("GET", &sorted, None).0, 400);
    }

    #[test]
    fn numbers_sort_as_numbers_and_what_lacks_one_comes_last() {
        let objects = [
            json!({ "id": "a", "n": 10 }),
            json!({ "id": "b", "n": -5 }),
            json!({ "id": "c" }),
            json!({ "id": "d", "n": -70 }),
            json!({ "id": "e", "n": 10 }),
        ];
        let ids = |order| {
            let sort = Sort::by("n", order);
            let mut sorted: Vec<&Value> = objects.iter().collect();
            sorted.sort_by(|a, b| sort.compare(&sort.place(a), &sort.place(b)));
            sorted.iter().map(|o| text(o, "/id")).collect::<String>()
        };
        assert_eq!(
            (ids(None), ids(Some("desc"))),
            ("dbaec".into(), "aebdc".into())
        );
    }
}
