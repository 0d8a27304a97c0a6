//! Skipping a value without recursion, checked as strictly as if it were read.

use super::{Error, MAX_DEPTH, Reader};

/// Open containers, one bit each: set for an object.
#[derive(Default)]
struct Open {
    bits: u128,
    count: usize,
    /// Filled words below `bits`; only values deeper than the cap ever need it.
    older: Vec<u128>,
}

impl Open {
    fn push(&mut self, object: bool) {
        if self.count > 0 && self.count.is_multiple_of(128) {
            self.older.push(self.bits);
            self.bits = 0;
        }
        self.bits = self.bits << 1 | u128::from(object);
        self.count += 1;
    }

    fn pop(&mut self) {
        self.count -= 1;
        self.bits >>= 1;
        if self.count.is_multiple_of(128) && self.count > 0 {
            self.bits = self.older.pop().unwrap_or_default();
        }
    }

    fn in_object(&self) -> bool {
        self.bits & 1 == 1
    }
}

impl Reader<'_> {
    /// Steps over the next value, whatever it is.
    pub fn skip(&mut self) -> Result<(), Error> {
        match self.next_byte() {
            b'"' => self.string_raw().map(drop),
            b'{' | b'[' => self.skip_nested(MAX_DEPTH),
            _ => self.skip_plain(),
        }
    }

    /// Like [`Reader::skip`] without the depth cap: to find the end of a value that is too deep to decode.
    pub(crate) fn skip_any_depth(&mut self) -> Result<(), Error> {
        self.skip_nested(usize::MAX)
    }

    fn skip_plain(&mut self) -> Result<(), Error> {
        match self.next_byte() {
            b'"' => self.string_raw().map(drop),
            b't' | b'f' => self.boolean().map(drop),
            b'n' => self.null(),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn skip_nested(&mut self, limit: usize) -> Result<(), Error> {
        let mut open = Open::default();
        loop {
            let byte = self.next_byte();
            if let b'{' | b'[' = byte {
                if self.depth + open.count >= limit {
                    return Err(self.too_deep());
                }
                open.push(byte == b'{');
                self.step();
                // Both closing brackets are two after their opening bracket in ASCII.
                if self.next_byte() != byte + 2 {
                    if byte == b'{' {
                        self.string_raw()?;
                        self.colon()?;
                    }
                    continue;
                }
                self.step();
                open.pop();
            } else {
                self.skip_plain()?;
            }
            loop {
                if open.count == 0 {
                    return Ok(());
                }
                match self.next_byte() {
                    b',' => {
                        self.step();
                        if open.in_object() {
                            self.string_raw()?;
                            self.colon()?;
                        }
                        break;
                    }
                    b'}' if open.in_object() => self.step(),
                    b']' if !open.in_object() => self.step(),
                    _ => return Err(self.unexpected("a comma or a closing bracket")),
                }
                open.pop();
            }
        }
    }
}
