//! Points in time that keep their text.

use std::fmt;

use super::{Decoder, Fault, Shape, Value};
use crate::json::{Kind, Writer};

/// A date and time as the service wrote it, read on demand.
///
/// The text is kept as it is, so that what was decoded encodes the same, whatever the number of fraction digits or
/// the offset; a text that is no timestamp decodes too and fails in [`Timestamp::get`] only. Equality is that of the
/// text; compare [`Timestamp::get`]s to compare instants.
#[derive(Clone)]
pub struct Timestamp(Text);

/// Timestamps are many and short: up to 30 bytes, which holds every usual form, need no allocation.
#[derive(Clone)]
enum Text {
    Short(u8, [u8; SHORT]),
    Long(Box<str>),
}

const SHORT: usize = 30;

impl Timestamp {
    /// The current time, to the millisecond.
    #[must_use]
    pub fn now() -> Self {
        Self::from(jiff::Timestamp::now())
    }

    /// A timestamp of this text, unchecked: services have accepted and answered odd ones.
    #[inline]
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut short = [0; SHORT];
        match (short.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Text::Short(length, short))
            }
            _ => Self(Text::Long(text.into())),
        }
    }

    /// The instant.
    ///
    /// # Errors
    /// If the text is no RFC 3339 date and time.
    pub fn get(&self) -> Result<jiff::Timestamp, jiff::Error> {
        self.as_str().parse()
    }

    /// The text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short(length, text) => {
                let text = text.get(..usize::from(*length)).unwrap_or_default();
                // It came from a `str`; asking again costs less than a pointer chase.
                std::str::from_utf8(text).unwrap_or_default()
            }
            Text::Long(text) => text,
        }
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// To the millisecond, the precision Okta uses.
    fn from(instant: jiff::Timestamp) -> Self {
        Self::from_text(&format!("{instant:.3}"))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;

    /// Checked, and kept as it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()?;
        Ok(Self::from_text(text))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Timestamp {}

impl std::hash::Hash for Timestamp {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value for Timestamp {
    const SHAPE: Shape<Self> = Shape::Scalar;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b'"' => Ok(Self::from_text(&decoder.reader.string()?)),
            _ => Err(decoder.misfit(Kind::String)),
        }
    }

    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.string(self.as_str());
    }

    fn text(&self) -> Option<&str> {
        Some(self.as_str())
    }
}

crate::__serde_shells!(Timestamp);
