//! As much of DER (X.690) as it takes to tell keys apart and to read their public halves.

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
/// `[0]`, explicit, constructed: the curve in an EC private key (RFC 5915).
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Reads values one after the other.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next value: its tag and content. `None` at the end or if it is malformed.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let (digits, rest) = rest.split_at_checked(count)?;
            let length = digits
                .iter()
                .fold(0, |sum, &digit| sum << 8 | usize::from(digit));
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The next value, which must have this tag.
    pub(super) fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = *self;
        match self.any() {
            Some((found, content)) if found == tag => Some(content),
            _ => {
                *self = before;
                None
            }
        }
    }

    /// The next value as a sequence to read from.
    pub(super) fn sequence(&mut self) -> Option<Der<'a>> {
        self.tagged(SEQUENCE).map(Der)
    }

    /// The next value as a non-negative integer without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let bytes = self.tagged(INTEGER)?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        Some(&bytes[zeros..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_refuses() {
        let mut der = Der::new(&[0x30, 0x07, 0x02, 0x02, 0x00, 0x81, 0x04, 0x01, 0x09]);
        let mut inner = der.sequence().unwrap();
        assert_eq!(inner.unsigned(), Some(&[0x81][..]));
        assert_eq!(inner.tagged(INTEGER), None);
        assert_eq!(inner.tagged(OCTET_STRING), Some(&[9][..]));
        assert!(inner.any().is_none());
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 5, 1],
            &[0x30, 0x80],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x82, 1],
        ] {
            assert!(Der::new(bad).any().is_none());
        }
    }
}
