//! Numbers: the grammar, exact conversion, comparison by decimal value.

use std::cmp::Ordering;

/// Length of the number at the start of `bytes`, or `None` if it is not one of RFC 8259.
#[inline]
pub(crate) fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |mut at: usize| {
        while matches!(bytes.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        at
    };
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut at = digits(start);
    if at == start || (at > start + 1 && bytes[start] == b'0') {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let fraction = at + 1;
        at = digits(fraction);
        if at == fraction {
            return None;
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let exponent = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(exponent);
        if at == exponent {
            return None;
        }
    }
    Some(at)
}

/// The integer of exactly this value (`5`, `5.0`, `50e-1`, `-0`), if `i64` holds it.
#[inline]
pub(crate) fn exact_i64(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) => Some(number),
        Err(_) if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-')) => None,
        Err(_) => Decimal::of(text)?.to_i64(),
    }
}

/// The float of this value, if writing it again gives the same decimal value.
pub(crate) fn exact_f64(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    // At most fifteen significant digits always survive, within the normal range and without looking closer.
    let short = text.len() <= 15 && !text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    (short || same_number(text, zmij::Buffer::new().format_finite(number))).then_some(number)
}

/// Whether two JSON numbers have the same value.
pub(crate) fn same_number(left: &str, right: &str) -> bool {
    left == right
        || match (Decimal::of(left), Decimal::of(right)) {
            (Some(left), Some(right)) => left == right,
            _ => false,
        }
}

/// Value as `digits × 10^exponent`, without leading or trailing zeros; zero has no digits and no sign.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// `None` if the exponent itself is beyond reach: such numbers are compared as text.
    fn of(text: &str) -> Option<Self> {
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
            .collect();
        let significant = digits
            .iter()
            .rposition(|digit| *digit != b'0')
            .map_or(0, |last| last + 1);
        if significant == 0 {
            return Some(Self {
                negative: false,
                digits: Vec::new(),
                exponent: 0,
            });
        }
        let dropped = i64::try_from(digits.len() - significant).ok()?;
        digits.truncate(significant);
        let scale = i64::try_from(fraction.len()).ok()?;
        let exponent = exponent
            .parse::<i64>()
            .ok()?
            .checked_sub(scale)?
            .checked_add(dropped)?;
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }

    fn to_i64(&self) -> Option<i64> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let zeros = match self.exponent.cmp(&0) {
            Ordering::Less => return None,
            _ => usize::try_from(self.exponent).ok()?,
        };
        if self.digits.len() + zeros.min(20) > 19 {
            return None;
        }
        let mut text = String::with_capacity(20);
        if self.negative {
            text.push('-');
        }
        text.extend(self.digits.iter().map(|digit| char::from(*digit)));
        text.extend(std::iter::repeat_n('0', zeros));
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1E+5", "1.25e-7", "-0.0"] {
            assert_eq!(number_length(good.as_bytes()), Some(good.len()), "{good}");
        }
        for bad in ["", "-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "00"] {
            assert_ne!(number_length(bad.as_bytes()), Some(bad.len()), "{bad}");
        }
    }

    #[test]
    fn integers_by_value() {
        for (text, value) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("50e-1", Some(5)),
            ("5e2", Some(500)),
            ("-0", Some(0)),
            ("-0.0e9", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("9.223372036854775807e18", Some(i64::MAX)),
            ("5.5", None),
            ("1e400", None),
            ("1e99999999999999999999", None),
        ] {
            assert_eq!(exact_i64(text), value, "{text}");
        }
    }

    #[test]
    fn floats_only_without_loss() {
        for (text, value) in [
            ("0.1", Some(0.1)),
            ("1e3", Some(1000.0)),
            ("100", Some(100.0)),
            ("0.10000000000000001", None),
            ("12345678901234567890123", None),
            ("9007199254740993", None),
            ("1e400", None),
            ("5e-324", Some(5e-324)),
            ("2.5e-324", None),
            ("-0.0", Some(-0.0)),
        ] {
            assert_eq!(exact_f64(text), value, "{text}");
        }
    }

    #[test]
    fn same_by_value() {
        assert!(same_number("1e2", "100.0"));
        assert!(same_number("-0", "0.0"));
        assert!(!same_number("1", "-1"));
        assert!(!same_number("9007199254740993", "9007199254740992"));
        assert!(same_number(
            "1e99999999999999999999",
            "1e99999999999999999999"
        ));
    }
}
