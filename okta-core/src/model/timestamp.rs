//! Points in time that keep their text.

use std::fmt;

use super::{Decoder, Fault, Value};
use crate::json::{Kind, Writer};

/// A date and time as the service wrote it, read on demand.
///
/// The text is kept as it is, so that what was decoded encodes the same, whatever the number of fraction digits or
/// the offset; a text that is no timestamp decodes too and fails in [`Timestamp::get`] only. Equality is that of the
/// text; compare [`Timestamp::get`]s to compare instants.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Timestamp(Box<str>);

impl Timestamp {
    /// The current time, to the millisecond.
    #[must_use]
    pub fn now() -> Self {
        Self::from(jiff::Timestamp::now())
    }

    /// A timestamp of this text, unchecked: services have accepted and answered odd ones.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into().into_boxed_str())
    }

    /// The instant.
    ///
    /// # Errors
    /// If the text is no RFC 3339 date and time.
    pub fn get(&self) -> Result<jiff::Timestamp, jiff::Error> {
        self.0.parse()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// To the millisecond, the precision Okta uses.
    fn from(instant: jiff::Timestamp) -> Self {
        Self(format!("{instant:.3}").into_boxed_str())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;

    /// Checked, and kept as it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Timestamp {
    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b'"' => Ok(Self(decoder.reader.string()?.into())),
            _ => Err(decoder.misfit(Kind::String)),
        }
    }

    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.string(&self.0);
    }
}

crate::__serde_shells!(Timestamp);
