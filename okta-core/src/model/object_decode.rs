//! The driver that decodes every model.

use std::sync::atomic::Ordering;

use super::drift::{Mark, mix};
use super::extra::{Floor, resolved};
use super::layers::{Layers, with_layers};
use super::{Decoder, DriftKind, Extra, Fault, Member, Object, Table};
use crate::json::{Error, Kind, Reader};

/// Decodes the object that comes next.
pub(super) fn decode_member(
    object: &mut dyn Object,
    decoder: &mut Decoder<'_>,
) -> Result<(), Fault> {
    let mut result = Ok(());
    with_layers(object, &mut |table, layers, extra| {
        result = decode_object(table, layers, extra, decoder)
    });
    result.map_err(Fault::Fatal)
}

/// Decodes an element: an object, or any other value as a whole.
pub(super) fn decode_whole_or_object(
    object: &mut dyn Object,
    decoder: &mut Decoder<'_>,
) -> Result<(), Fault> {
    if decoder.reader.next_byte() == b'{' {
        return decode_member(object, decoder);
    }
    let raw = decoder.reader.raw()?;
    decoder.note_misfit("", Kind::Object, raw);
    with_layers(object, &mut |_, _, extra| extra.set_whole(raw));
    Ok(())
}

fn decode_object(
    table: &'static Table,
    layers: &mut Layers<'_, '_>,
    extra: &mut Extra,
    decoder: &mut Decoder<'_>,
) -> Result<(), Error> {
    extra.set_decoded();
    let frame = Frame {
        path: decoder.path,
        floor: decoder.gatherer.floor(),
    };
    let mut previous: Option<usize> = None;
    let mut more = decoder.reader.begin_object()?;
    while more {
        match next_member(table, previous, &mut decoder.reader)? {
            Ok((number, member)) => {
                previous = Some(number);
                known(number, member, layers, extra, decoder, &frame)?;
            }
            Err(raw_name) => unknown(table, raw_name, decoder)?,
        }
        more = decoder.reader.more_members()?;
    }
    decoder.gatherer.finish(frame.floor, extra);
    Ok(())
}

/// What stays the same while one object is read.
struct Frame {
    path: u64,
    floor: Floor,
}

/// Takes a name and its colon: a member of the table, or the name as it stands between the quotes.
#[inline(always)]
fn next_member<'a>(
    table: &'static Table,
    previous: Option<usize>,
    reader: &mut Reader<'a>,
) -> Result<Result<(usize, &'static Member), &'a str>, Error> {
    let expected = table.guess(previous);
    let guess = usize::from(expected.load(Ordering::Relaxed));
    reader.next_byte();
    if let Some(member) = table.member(guess)
        && !table.is_shadowed(guess, member)
        && reader.take_exactly(member.ready_key().get(1..).unwrap_or_default())
    {
        return Ok(Ok((guess, member)));
    }
    let raw_name = reader.string_raw()?;
    reader.colon()?;
    let number = table.find(&resolved(raw_name));
    Ok(
        match number.and_then(|number| Some((number, table.member(number)?))) {
            Some((number, member)) => {
                if let Ok(number) = u16::try_from(number) {
                    expected.store(number, Ordering::Relaxed);
                }
                Ok((number, member))
            }
            None => Err(raw_name),
        },
    )
}

#[inline(always)]
fn known(
    number: usize,
    member: &'static Member,
    layers: &mut Layers<'_, '_>,
    extra: &mut Extra,
    decoder: &mut Decoder<'_>,
    frame: &Frame,
) -> Result<(), Error> {
    let Some(slot) = layers.slot(number) else {
        return decoder.reader.skip();
    };
    // Of equal names the last one counts.
    extra.forget_null(number);
    decoder.gatherer.forget(frame.floor, member.name());
    if decoder.reader.next_byte() == b'n' {
        decoder.reader.null()?;
        slot.clear();
        if !extra.set_null(number) {
            decoder.gatherer.keep(member.name(), "null", true);
        }
        return Ok(());
    }
    let mark = decoder.mark();
    let noted = decoder.noted();
    decoder.path = mix(frame.path, member.ready_key().as_ptr() as u64);
    let result = slot.read(decoder);
    decoder.path = frame.path;
    match result {
        Ok(()) => {
            if decoder.noted() > noted {
                decoder.step_out(noted, &format!(".{}", member.name()), None);
            }
            Ok(())
        }
        Err(Fault::Misfit(expected)) => {
            slot.clear();
            misfit(member, expected, &mark, decoder)
        }
        Err(Fault::Fatal(error)) => Err(inside(error, member)),
    }
}

#[cold]
fn misfit<'a>(
    member: &Member,
    expected: Kind,
    mark: &Mark<'a>,
    decoder: &mut Decoder<'a>,
) -> Result<(), Error> {
    let raw = decoder
        .retake(mark)
        .map_err(|error| inside(error, member))?;
    decoder.note_misfit(member.name(), expected, raw);
    decoder.gatherer.keep(member.name(), raw, true);
    Ok(())
}

#[cold]
fn inside(mut error: Error, member: &Member) -> Error {
    error.prepend(&format!(".{}", member.name()));
    error
}

fn unknown(table: &'static Table, raw_name: &str, decoder: &mut Decoder<'_>) -> Result<(), Error> {
    decoder.reader.next_byte();
    let raw = decoder.reader.raw()?;
    decoder.gatherer.keep(raw_name, raw, false);
    let name = resolved(raw_name);
    if !table.open && !table.is_tag(&name) {
        let found = Kind::of(raw);
        decoder.note(DriftKind::UnknownMember, &name, table.name, found.as_str());
    }
    Ok(())
}
