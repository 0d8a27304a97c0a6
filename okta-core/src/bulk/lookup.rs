//! Many objects by key with few calls.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::error::Result;
use crate::operation::{Operation, Paged};

/// Objects by the keys that were asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found<T> {
    /// What was found, each object once, in no particular order.
    pub items: Vec<T>,
    /// Keys without an object, in the order in which they were asked for.
    pub missing: Vec<String>,
    places: HashMap<String, usize>,
}

impl<T> Found<T> {
    /// The object of a key, spelt as it was asked for.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.items.get(*self.places.get(key)?)
    }

    /// Nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Keys and objects; an object that was asked for by several spellings comes with each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let object = |&place: &usize| self.items.get(place);
        self.places
            .iter()
            .filter_map(move |(key, place)| Some((key.as_str(), object(place)?)))
    }

    /// Adds what another look found of the missing.
    pub fn join(&mut self, other: Self) {
        let before = self.items.len();
        self.items.extend(other.items);
        let places = other.places.into_iter();
        self.places
            .extend(places.map(|(key, place)| (key, place + before)));
        self.missing.retain(|key| !self.places.contains_key(key));
    }
}

/// Gathers what comes for the keys that were asked for.
struct Gathering<'a, T> {
    keys: &'a [String],
    ignore_case: bool,
    asked: HashMap<String, Vec<&'a str>>,
    found: Found<T>,
}

impl<'a, T> Gathering<'a, T> {
    fn new(keys: &'a [String], ignore_case: bool) -> Self {
        let mut asked: HashMap<_, Vec<&str>> = HashMap::new();
        for key in keys {
            asked.entry(same(key, ignore_case)).or_default().push(key);
        }
        Self {
            keys,
            ignore_case,
            asked,
            found: Found {
                items: Vec::new(),
                missing: Vec::new(),
                places: HashMap::new(),
            },
        }
    }

    /// An object that nobody asked for, or that was there already, is dropped.
    fn add(&mut self, key: &str, item: T) {
        if let Some(spellings) = self.asked.remove(&same(key, self.ignore_case)) {
            let place = self.found.items.len();
            self.found.items.push(item);
            let keys = spellings.into_iter().map(|key| (key.to_owned(), place));
            self.found.places.extend(keys);
        }
    }

    /// Keys that nothing came for yet, each once.
    fn left(&self) -> Vec<String> {
        let mut told = HashSet::new();
        let mut left = self.keys.to_vec();
        left.retain(|key| {
            self.asked.contains_key(&same(key, self.ignore_case)) && told.insert(key.clone())
        });
        left
    }

    fn finish(mut self) -> Found<T> {
        self.found.missing = self.left();
        self.found
    }
}

/// Equal for keys that are the same.
fn same(key: &str, ignore_case: bool) -> String {
    if ignore_case {
        key.to_lowercase()
    } else {
        key.to_owned()
    }
}

/// How keys become expressions such as `id eq "00u1" or id eq "00u2"`.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    /// The attribute that the key is compared with.
    pub attribute: &'static str,
    /// Keys that differ by upper and lower case only are the same.
    pub ignore_case: bool,
    /// Longest expression as it stands in the URL, in bytes. Proxies and servers commonly take
    /// 8 KB for the whole request line.
    pub max_length: usize,
    /// Most keys of one expression; a page's length, so that one call answers.
    pub max_keys: usize,
}

impl Lookup {
    /// By an attribute whose values are told apart exactly.
    pub const fn by(attribute: &'static str) -> Self {
        Self {
            attribute,
            ignore_case: false,
            max_length: 7_000,
            max_keys: 200,
        }
    }

    /// Expressions that together name every key once.
    pub fn expressions(&self, keys: &[String]) -> Vec<String> {
        let mut told = HashSet::new();
        let mut all: Vec<String> = Vec::new();
        let (mut length, mut count) = (0, 0);
        for key in keys
            .iter()
            .filter(|key| told.insert(same(key, self.ignore_case)))
        {
            let clause = format!("{} eq {}", self.attribute, quoted(key));
            let more = encoded_length(&clause) + encoded_length(" or ");
            match all.last_mut() {
                Some(last) if length + more <= self.max_length && count < self.max_keys => {
                    last.push_str(" or ");
                    last.push_str(&clause);
                    (length, count) = (length + more, count + 1);
                }
                _ => {
                    all.push(clause);
                    (length, count) = (more, 1);
                }
            }
        }
        all
    }
}

/// A text as a literal of SCIM filters (RFC 7644 section 3.4.2.2): a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Everything but unreserved characters takes three bytes in a URL.
fn encoded_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => 1,
            byte if byte.is_ascii_alphanumeric() => 1,
            _ => 3,
        })
        .sum()
}

/// Calls under way at a time.
const AT_ONCE: usize = 4;

/// Reads objects by key with as few lists as URLs allow: `list` makes the call for an expression,
/// `key_of` gives the key of an object.
///
/// # Errors
/// The first error of a call.
pub async fn look_up<O: Paged>(
    keys: &[String],
    lookup: Lookup,
    list: impl Fn(String) -> O,
    key_of: impl Fn(&O::Item) -> Option<String>,
) -> Result<Found<O::Item>> {
    let mut gathering = Gathering::new(keys, lookup.ignore_case);
    let mut waiting = lookup.expressions(keys).into_iter();
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(expression) = waiting.next()
        {
            running.push(list(expression).items().try_collect());
        }
        let Some(list) = running.next().await else {
            break;
        };
        for item in list? {
            if let Some(key) = key_of(&item) {
                gathering.add(&key, item);
            }
        }
    }
    Ok(gathering.finish())
}

/// Reads objects one by one, some at a time; 404 is a missing key.
///
/// # Errors
/// The first other error of a call.
pub async fn look_up_each<O: Operation>(
    keys: &[String],
    get: impl Fn(&str) -> O,
) -> Result<Found<O::Output>> {
    let mut told = HashSet::new();
    let mut waiting = keys.iter().filter(|key| told.insert(*key));
    let mut gathering = Gathering::new(keys, false);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(key) = waiting.next()
        {
            let sent = get(key).send();
            running.push(async move { (key, sent.await) });
        }
        match running.next().await {
            None => break,
            Some((key, Ok(response))) => {
                gathering.add(key, response.into_value());
            }
            Some((_, Err(error))) if error.is_not_found() => {}
            Some((_, Err(error))) => return Err(error),
        }
    }
    Ok(gathering.finish())
}

/// Finds objects by key in a list that cannot be filtered, and whose members cannot be asked for:
/// reads it until everything was found.
///
/// # Errors
/// The first error of a call.
pub async fn pick_from_list<L: Paged>(
    keys: &[String],
    list: L,
    key_of: impl Fn(&L::Item) -> Option<String>,
) -> Result<Found<L::Item>> {
    let mut gathering = Gathering::new(keys, false);
    read_while(&mut gathering, list, key_of, |left, _| left > 0).await?;
    Ok(gathering.finish())
}

/// Finds objects by key in a list that cannot be filtered.
///
/// It reads the list while that may still be cheaper than asking for what is left one by one, then
/// asks: never more than twice the calls of the better way, whatever the length of the list, which
/// nobody knows before.
///
/// # Errors
/// The first error of a call; 404 is a missing key.
pub async fn pick_or_get<L, G>(
    keys: &[String],
    list: L,
    key_of: impl Fn(&L::Item) -> Option<String>,
    get: impl Fn(&str) -> G,
) -> Result<Found<L::Item>>
where
    L: Paged,
    G: Operation<Output = L::Item>,
{
    let mut gathering = Gathering::new(keys, false);
    // One or two are asked for at once: their answers are shorter than a page.
    let go_on = |left, read| left > if read == 0 { 2 } else { read };
    let ended = read_while(&mut gathering, list, key_of, go_on).await?;
    let left = gathering.left();
    let mut found = gathering.finish();
    if !ended {
        found.join(look_up_each(&left, get).await?);
    }
    Ok(found)
}

/// Reads pages while `go_on` says so of the keys left and the pages read; true at the end of the
/// list.
async fn read_while<L: Paged>(
    gathering: &mut Gathering<'_, L::Item>,
    list: L,
    key_of: impl Fn(&L::Item) -> Option<String>,
    go_on: impl Fn(usize, usize) -> bool,
) -> Result<bool> {
    let mut pages = list.pages();
    let mut read = 0;
    while go_on(gathering.asked.len(), read) {
        let Some(page) = pages.try_next().await? else {
            return Ok(true);
        };
        read += 1;
        for item in page {
            if let Some(key) = key_of(&item) {
                gathering.add(&key, item);
            }
        }
        if pages.cursor().is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_fit_and_name_every_key_once() {
        let keys: Vec<String> = (0..500).map(|n| format!("00u{n:017}")).collect();
        let doubled = [keys.clone(), keys.clone()].concat();
        let all = Lookup::by("id").expressions(&doubled);
        assert!(all.len() <= 5, "{}", all.len());
        for key in &keys {
            let clause = format!("id eq \"{key}\"");
            assert_eq!(all.iter().filter(|one| one.contains(&clause)).count(), 1);
        }
        for one in &all {
            let url: String = url::form_urlencoded::byte_serialize(one.as_bytes()).collect();
            assert!(url.replace('+', "%20").len() <= 7_000);
        }
        assert!(Lookup::by("id").expressions(&[]).is_empty());
        // Longer than the limit alone: sent all the same, the service decides.
        let long = vec!["x".repeat(9_000), "y".into()];
        assert_eq!(Lookup::by("id").expressions(&long).len(), 2);
    }

    #[test]
    fn literals_cannot_break_out() {
        let key = "a\" or id pr or id eq \"\\".to_owned();
        let all = Lookup::by("profile.login").expressions(&[key]);
        assert_eq!(all, [r#"profile.login eq "a\" or id pr or id eq \"\\""#]);
        let mut lookup = Lookup::by("profile.login");
        lookup.ignore_case = true;
        let all = lookup.expressions(&["Ana@x.y".into(), "ana@X.Y".into()]);
        assert_eq!(all, [r#"profile.login eq "Ana@x.y""#]);
    }
}
