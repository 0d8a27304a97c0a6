//! Whole texts: decode, encode, lists with their wrapper.

use super::drift::DriftKind;
use super::extra::resolved;
use super::{DecodeError, Decoder, Drift, Extra, Fault, Json, Value};
use crate::json::{ErrorKind, Kind, Reader, Writer};

/// Decodes one JSON text, with what differed from the specification.
///
/// # Errors
/// If the text is not JSON, is nested too deeply, or is of a type that cannot keep what stands there (`Vec<String>`
/// from `[1]`). A model takes any value.
pub fn decode<T: Value>(json: &[u8]) -> Result<(T, Vec<Drift>), DecodeError> {
    let mut value: Option<T> = None;
    let (drift, _) = decode_whole(json, &mut value)?;
    match value {
        Some(value) => Ok((value, drift)),
        None => Err(misfit_error(Kind::Object, json)),
    }
}

/// A value of its own, seen without its type.
pub(crate) trait Whole {
    fn read(&mut self, decoder: &mut Decoder<'_>) -> Result<(), Fault>;
    fn write(&self, writer: &mut Writer);
}

impl<T: Value> Whole for Option<T> {
    fn read(&mut self, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        *self = Some(T::decode(decoder)?);
        Ok(())
    }

    fn write(&self, writer: &mut Writer) {
        if let Some(value) = self {
            value.encode(writer);
        }
    }
}

/// Decodes one JSON text, with what differed and how many values had to be kept as text.
pub(crate) fn decode_whole(
    json: &[u8],
    value: &mut dyn Whole,
) -> Result<(Vec<Drift>, usize), DecodeError> {
    let mut decoder = Decoder::new(Reader::new(json)?);
    if let Err(fault) = value.read(&mut decoder) {
        return Err(whole_fault(fault, json));
    }
    decoder.reader.end()?;
    Ok(decoder.finish())
}

fn recode_whole(json: &[u8], value: &mut dyn Whole) -> Result<Recoded, DecodeError> {
    let (drift, raw_fallbacks) = decode_whole(json, value)?;
    let mut writer = Writer::with_capacity(json.len());
    value.write(&mut writer);
    Ok(Recoded {
        json: writer.into_string().into_bytes(),
        drift,
        raw_fallbacks,
    })
}

#[cold]
fn whole_fault(fault: Fault, json: &[u8]) -> DecodeError {
    match fault {
        Fault::Fatal(error) => error,
        Fault::Misfit(expected) => misfit_error(expected, json),
    }
}

fn misfit_error(expected: Kind, json: &[u8]) -> DecodeError {
    let found = Reader::new(json)
        .and_then(|mut reader| reader.kind())
        .unwrap_or(Kind::Null);
    DecodeError::new(ErrorKind::WrongType { expected, found }, json, 0)
}

/// Encodes a value.
pub fn encode<T: Value>(value: &T) -> Vec<u8> {
    let mut writer = Writer::with_capacity(128);
    value.encode(&mut writer);
    writer.into_string().into_bytes()
}

/// A text that went through a type and back, for tools and conformance tests that know no types.
#[derive(Clone, Debug)]
pub struct Recoded {
    /// What the type encodes to; equal to the source by JSON value.
    pub json: Vec<u8>,
    /// What differed from the specification.
    pub drift: Vec<Drift>,
    /// How many values had to be kept as text because of their type.
    pub raw_fallbacks: usize,
}

/// Decodes and encodes again.
///
/// # Errors
/// As [`decode`].
pub fn recode<T: Value>(json: &[u8]) -> Result<Recoded, DecodeError> {
    recode_whole(json, &mut None::<T>)
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Items<T> {
    /// Elements that decoded.
    pub items: Vec<T>,
    /// Elements that did not, kept beside the others.
    pub undecodable: Vec<Undecodable>,
    /// Other members of the wrapper object.
    pub envelope: Extra,
    /// What differed from the specification.
    pub drift: Vec<Drift>,
}

/// A list element that could not be decoded.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Undecodable {
    /// Position in the page.
    pub index: usize,
    /// The element as it came.
    pub json: Json,
    /// Why.
    pub reason: String,
}

/// Shows no values: the element may hold secrets.
impl std::fmt::Debug for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Undecodable")
            .field("index", &self.index)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Decodes a list, element by element: one odd element never loses the others.
///
/// `items` is the member of a wrapper object that holds the list; without it the text itself is the list. An element
/// of another type than promised, or one that is nested too deeply, becomes [`Undecodable`]. A wrapper whose list is
/// absent or null gives no items and a drift.
///
/// # Errors
/// If the text is not JSON, or there is something else where the list should be.
pub fn decode_items<T: Value>(body: &[u8], items: Option<&str>) -> Result<Items<T>, DecodeError> {
    let mut list = Vec::new();
    let page = decode_page(body, items, &mut |decoder| element_of(&mut list, decoder))?;
    Ok(Items {
        items: list,
        undecodable: page.items,
        envelope: page.envelope,
        drift: page.drift,
    })
}

/// The part of [`decode_items`] that knows the element type.
pub(crate) fn element_of<T: Value>(
    list: &mut Vec<T>,
    decoder: &mut Decoder<'_>,
) -> Result<(), Fault> {
    let before = list.len();
    if before == list.capacity() && before > 0 {
        list.reserve_exact(more_elements(before, size_of::<T>(), &decoder.reader));
    }
    let result = T::fits(decoder).and_then(|()| T::decode_element(list, decoder));
    if result.is_err() {
        list.truncate(before);
    }
    result
}

/// How many more elements there may be, going by those so far: elements are large, so that doubling would waste much.
/// At most three times as many, or a mebibyte of them, since what comes may be of another kind.
fn more_elements(before: usize, size: usize, reader: &Reader<'_>) -> usize {
    let per_element = reader.position() / before + 1;
    let left = reader.length().saturating_sub(reader.position());
    let most = before.saturating_mul(3).max((1 << 20) / size.max(1)).max(4);
    (left / per_element + 1).min(most)
}

/// The part of [`decode_items`] that does not know the element type; `items` of its answer are those that failed.
pub(crate) fn decode_page(
    body: &[u8],
    items: Option<&str>,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> Result<(), Fault>,
) -> Result<Items<Undecodable>, DecodeError> {
    let Some(name) = items else {
        return Ok(decode_part(body, None, usize::MAX, element)?.0);
    };
    let mut page = Items {
        items: Vec::new(),
        undecodable: Vec::new(),
        envelope: Extra::default(),
        drift: Vec::new(),
    };
    let mut decoder = Decoder::new(Reader::new(body)?);
    let mut found = false;
    let floor = decoder.gatherer.floor();
    let mut more = decoder.reader.begin_object()?;
    while more {
        let raw_name = decoder.reader.string_raw()?;
        decoder.reader.colon()?;
        let is_list = resolved(raw_name) == name && !found;
        if is_list && decoder.reader.next_byte() != b'n' {
            found = true;
            let noted = decoder.noted();
            let read = decoder
                .reader
                .begin_array()
                .and_then(|more| elements(&mut decoder, element, more, 0, usize::MAX));
            (page.items, _) = read.map_err(|mut error| {
                error.prepend(&format!(".{name}"));
                error
            })?;
            decoder.step_out(noted, &format!(".{name}"), None);
        } else {
            let raw = decoder.reader.raw()?;
            decoder.gatherer.keep(raw_name, raw, false);
        }
        more = decoder.reader.more_members()?;
    }
    decoder.gatherer.finish(floor, &mut page.envelope);
    if !found {
        decoder.note(DriftKind::MissingItems, name, "array", "nothing");
    }
    decoder.reader.end()?;
    page.drift = decoder.finish().0;
    Ok(page)
}

/// Where the decoding of a list stopped: the byte and the number of the next element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    byte: usize,
    index: usize,
}

/// Decodes at most so many elements of a text that is a list itself, from its beginning or from where a part ended; and
/// where the next part begins, if there is one. What stands behind the part has not been looked at.
///
/// # Errors
/// If the text is not JSON as far as it was read.
pub(crate) fn decode_part(
    body: &[u8],
    from: Option<Place>,
    most: usize,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> Result<(), Fault>,
) -> Result<(Items<Undecodable>, Option<Place>), DecodeError> {
    // Places count without a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let (start, index, reader) = match from {
        None => (0, 0, Reader::new(body)?),
        Some(place) => {
            let rest = body.get(place.byte..).unwrap_or_default();
            (place.byte, place.index, Reader::within_array(rest)?)
        }
    };
    let mut decoder = Decoder::new(reader);
    let more = from.is_some() || decoder.reader.begin_array()?;
    let read = elements(&mut decoder, element, more, index, most);
    let (undecodable, next) = match (read, from) {
        (Ok(read), _) => read,
        // The error counts from the beginning of the part: that of the whole text is wanted.
        (Err(error), Some(_)) => {
            let whole = decode_page(body, None, &mut |decoder| Ok(decoder.reader.skip()?));
            return Err(whole.err().unwrap_or(error));
        }
        (Err(error), None) => return Err(error),
    };
    let rest = next.map(|index| Place {
        byte: start + decoder.reader.position(),
        index,
    });
    if rest.is_none() {
        decoder.reader.end()?;
    }
    let part = Items {
        items: undecodable,
        undecodable: Vec::new(),
        envelope: Extra::default(),
        drift: decoder.finish().0,
    };
    Ok((part, rest))
}

/// Reads at most so many elements; those that failed, and the number of the next one if there are more.
fn elements(
    decoder: &mut Decoder<'_>,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> Result<(), Fault>,
    mut more: bool,
    first: usize,
    most: usize,
) -> Result<(Vec<Undecodable>, Option<usize>), DecodeError> {
    let mut undecodable = Vec::new();
    let mut index = first;
    while more {
        if index - first == most {
            return Ok((undecodable, Some(index)));
        }
        let mark = decoder.mark();
        let noted = decoder.noted();
        match element(decoder) {
            Ok(()) => decoder.step_out(noted, "[]", Some(index)),
            Err(fault) => {
                decoder.rewind(&mark);
                undecodable.push(set_aside(decoder, fault, index)?);
            }
        }
        index += 1;
        more = decoder.reader.more_elements()?;
    }
    Ok((undecodable, None))
}

#[cold]
fn set_aside(
    decoder: &mut Decoder<'_>,
    fault: Fault,
    index: usize,
) -> Result<Undecodable, DecodeError> {
    decoder.reader.next_byte();
    let start = decoder.reader.position();
    decoder.reader.skip_any_depth()?;
    let raw = decoder.reader.slice(start, decoder.reader.position());
    let reason = match fault {
        Fault::Fatal(error) => error.to_string(),
        Fault::Misfit(expected) => {
            let found = Reader::from_text(raw)
                .kind()
                .map_or("nothing", Kind::as_str);
            format!("expected {expected}, found {found}")
        }
    };
    Ok(Undecodable {
        index,
        json: Json::checked(raw),
        reason,
    })
}
