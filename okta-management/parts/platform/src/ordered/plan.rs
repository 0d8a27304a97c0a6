//! Which writes bring one order into another.

use std::collections::HashSet;

use okta_core::{Error, ErrorKind, Result};

/// What counts of a policy or rule.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) system: bool,
    pub(crate) priority: Option<i64>,
    /// It keeps the number that it is given; others do not move aside.
    pub(crate) keeps_number: bool,
}

impl Entry {
    /// To sort by: the org's own come last.
    pub(crate) fn place(&self) -> (bool, i64) {
        (self.system, self.priority.unwrap_or(i64::MAX))
    }
}

/// One write of a new order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// Id of the policy or rule.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Place before, from 1.
    pub from: usize,
    /// Place in the order that was asked for, from 1.
    pub to: usize,
    pub(crate) priority: i64,
}

/// Places (in `there`) of what `order` names by id or name, then of the others; without the org's
/// own, which stay last.
pub(crate) fn resolve(there: &[Entry], order: &[String]) -> Result<Vec<usize>> {
    let fail = |message: String| Err(Error::new(ErrorKind::Request, message));
    let mut wanted = Vec::new();
    let mut own = None;
    for text in order {
        let by = |matches: &dyn Fn(&Entry) -> bool| there.iter().position(matches);
        let found = by(&|entry| entry.id == *text).or_else(|| by(&|entry| entry.name == *text));
        let Some(found) = found else {
            let names: Vec<&str> = there.iter().map(|entry| entry.name.as_str()).collect();
            return fail(format!(
                "there is no {text:?}; there are: {}",
                names.join(", ")
            ));
        };
        if wanted.contains(&found) {
            return fail(format!("{text:?} stands twice in the order"));
        }
        if there[found].system {
            own = Some(text);
        } else if let Some(own) = own {
            return fail(format!(
                "{own:?} is the org's own and stays last; {text:?} cannot follow it"
            ));
        } else {
            wanted.push(found);
        }
    }
    let named: HashSet<usize> = wanted.iter().copied().collect();
    let others = 0..there.len();
    wanted.extend(others.filter(|at| !there[*at].system && !named.contains(at)));
    Ok(wanted)
}

/// The fewest writes, where the service moves others aside.
pub(crate) fn by_moving(there: &[Entry], wanted: &[usize]) -> Vec<Move> {
    if wanted.windows(2).all(|pair| pair[0] < pair[1]) && has_distinct_numbers(there, wanted) {
        return Vec::new();
    }
    if wanted.iter().any(|&at| there[at].keeps_number) {
        return by_numbers(there, wanted);
    }
    let stays = longest_rise(wanted);
    let mut now: Vec<usize> = (0..there.len()).filter(|&at| !there[at].system).collect();
    let mut moves = Vec::new();
    for (to, &at) in wanted.iter().enumerate() {
        if stays.contains(&at) {
            continue;
        }
        now.retain(|&other| other != at);
        // Behind the one that it follows in the end.
        let place = match to.checked_sub(1).map(|before| wanted[before]) {
            Some(before) => now
                .iter()
                .position(|&other| other == before)
                .map_or(0, |at| at + 1),
            None => 0,
        };
        now.insert(place, at);
        moves.push(step(there, at, to, place as i64 + 1));
    }
    moves
}

/// Each its number, top down: right whether others move aside or not.
pub(crate) fn by_numbers(there: &[Entry], wanted: &[usize]) -> Vec<Move> {
    let from_zero = there
        .iter()
        .any(|entry| entry.keeps_number && entry.priority == Some(0));
    let first = i64::from(!from_zero);
    let numbered = wanted.iter().enumerate();
    numbered
        .map(|(to, &at)| step(there, at, to, to as i64 + first))
        .filter(|step| {
            let before = there.iter().find(|entry| entry.id == step.id);
            !before.is_some_and(|entry| entry.keeps_number && entry.priority == Some(step.priority))
        })
        .collect()
}

fn step(there: &[Entry], at: usize, to: usize, priority: i64) -> Move {
    Move {
        id: there[at].id.clone(),
        name: there[at].name.clone(),
        from: at + 1,
        to: to + 1,
        priority,
    }
}

/// Equal numbers leave the order to chance.
fn has_distinct_numbers(there: &[Entry], wanted: &[usize]) -> bool {
    let mut seen = HashSet::new();
    wanted.iter().all(|&at| match there[at].priority {
        Some(priority) => seen.insert(priority),
        None => true,
    })
}

/// The longest part that is in the right order already.
fn longest_rise(wanted: &[usize]) -> HashSet<usize> {
    // Lengths of the longest rise that ends at each, and what comes before it there.
    let mut best: Vec<(usize, Option<usize>)> = Vec::new();
    for (index, &at) in wanted.iter().enumerate() {
        let before = (0..index)
            .filter(|&earlier| wanted[earlier] < at)
            .max_by_key(|&earlier| best[earlier].0);
        let length = before.map_or(0, |earlier| best[earlier].0);
        best.push((length + 1, before));
    }
    let mut next = (0..best.len()).max_by_key(|&index| best[index].0);
    let mut stays = HashSet::new();
    while let Some(index) = next {
        stays.insert(wanted[index]);
        next = best[index].1;
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &str, keeps_number: bool) -> Vec<Entry> {
        let of = |(at, name): (usize, char)| Entry {
            id: format!("id-{name}"),
            name: name.to_string(),
            system: name == 'Z',
            priority: Some(at as i64 + 1),
            keeps_number,
        };
        names.chars().enumerate().map(of).collect()
    }

    /// A service that moves others aside.
    fn apply(there: &[Entry], moves: &[Move]) -> String {
        let mut now: Vec<&Entry> = there.iter().filter(|entry| !entry.system).collect();
        for step in moves {
            let at = now.iter().position(|entry| entry.id == step.id).unwrap();
            let entry = now.remove(at);
            now.insert((step.priority as usize - 1).min(now.len()), entry);
        }
        now.iter().map(|entry| entry.name.as_str()).collect()
    }

    fn order(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    #[test]
    fn few_moves_lead_to_the_order() {
        for (before, asked, after, count) in [
            ("ABCDZ", "ABCD", "ABCD", 0),
            ("ABCDZ", "D", "DABC", 1),
            ("ABCDZ", "BCDA", "BCDA", 1),
            ("ABCDZ", "DCBA", "DCBA", 3),
            ("ABCDEFZ", "FAEBZ", "FAEBCD", 2),
            ("ABZ", "", "AB", 0),
        ] {
            let there = entries(before, false);
            let wanted = resolve(&there, &order(asked)).unwrap();
            let moves = by_moving(&there, &wanted);
            assert_eq!(apply(&there, &moves), after, "{before} {asked}");
            assert_eq!(moves.len(), count, "{before} {asked}: {moves:?}");
            assert_eq!(apply(&there, &by_numbers(&there, &wanted)), after);
        }
        // Every order of five.
        let there = entries("ABCDEZ", false);
        for number in 0..120 {
            let (mut left, mut rest, mut asked) = (order("ABCDE"), number, Vec::new());
            for size in (1..=5).rev() {
                asked.push(left.remove(rest % size));
                rest /= size;
            }
            let wanted = resolve(&there, &asked).unwrap();
            assert_eq!(apply(&there, &by_moving(&there, &wanted)), asked.concat());
        }
    }

    #[test]
    fn where_numbers_stay_each_gets_its_own() {
        let mut there = entries("ABCZ", true);
        there[1].priority = Some(1);
        let wanted = resolve(&there, &order("ABC")).unwrap();
        let moves = by_moving(&there, &wanted);
        let sent: Vec<_> = moves
            .iter()
            .map(|step| (&*step.name, step.priority))
            .collect();
        assert_eq!(sent, [("B", 2)]);
        there[0].priority = Some(0);
        let wanted = resolve(&there, &order("BA")).unwrap();
        let sent: Vec<_> = by_moving(&there, &wanted)
            .into_iter()
            .map(|step| (step.name, step.priority))
            .collect();
        let expected = [("B", 0), ("A", 1), ("C", 2)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(sent, expected);
    }

    #[test]
    fn wrong_orders_are_named() {
        let there = entries("ABZ", false);
        for (asked, why) in [("AX", "no \"X\""), ("AA", "twice"), ("ZA", "stays last")] {
            let error = resolve(&there, &order(asked)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
