//! The driver that encodes every model.

use super::layers::with_parts;
use super::slot::Parts;
use super::{Extra, Object};
use crate::json::{Writer, same_value};

/// Writes a model.
pub(super) fn encode_object(object: &dyn Object, writer: &mut Writer) {
    with_parts(object, &mut |layers, extra| {
        encode_layers(layers, extra, writer)
    });
}

/// Whether two models encode to the same JSON value.
#[doc(hidden)]
#[must_use]
pub fn same_object(left: &dyn Object, right: &dyn Object) -> bool {
    let text = |object| {
        let mut writer = Writer::new();
        encode_object(object, &mut writer);
        writer.into_string()
    };
    same_value(&text(left), &text(right))
}

fn encode_layers(layers: &[Parts<'_, '_>], extra: &Extra, writer: &mut Writer) {
    for (name, _) in layers.iter().filter_map(|layer| layer.table.tag) {
        writer.mark_union(name);
    }
    if let Some(whole) = extra.whole()
        && !layers
            .iter()
            .any(|layer| layer.slots.iter().any(|slot| slot.is_some()))
    {
        return writer.raw(whole);
    }
    writer.begin_object();
    if !extra.is_decoded() {
        write_tags(layers, extra, writer);
    }
    let Some(top) = layers.first() else { return };
    for layer in layers.iter().rev() {
        let offset = layer.table.offset();
        for (at, (slot, member)) in layer.slots.iter().zip(layer.table.members).enumerate() {
            if top.table.is_shadowed(offset + at, member) {
                continue;
            }
            if !slot.write(member.ready_key(), writer) && extra.is_null(offset + at) {
                writer.ready_key(member.ready_key());
                writer.null();
            }
        }
    }
    extra.write(writer, &mut |name| {
        let known = layers.first().and_then(|layer| layer.table.find(name));
        known.is_some_and(|number| slot_has_value(layers, number))
    });
    writer.end_object();
}

fn slot_has_value(layers: &[Parts<'_, '_>], number: usize) -> bool {
    let layer = layers.iter().find(|layer| number >= layer.table.offset());
    layer
        .and_then(|layer| layer.slots.get(number - layer.table.offset()))
        .is_some_and(|slot| slot.is_some())
}

/// Writes the tags that a hand-built variant does not have as members; of equal names the most derived one.
fn write_tags(layers: &[Parts<'_, '_>], extra: &Extra, writer: &mut Writer) {
    for (level, layer) in layers.iter().enumerate() {
        let Some((name, value)) = layer.table.tag else {
            continue;
        };
        let known = layers.first().and_then(|layer| layer.table.find(name));
        let written = known
            .is_some_and(|number| extra.is_null(number) || slot_has_value(layers, number))
            || extra.get(name).is_some()
            || layers[..level]
                .iter()
                .any(|above| above.table.tag.is_some_and(|tag| tag.0 == name));
        if !written {
            writer.key(name);
            writer.string(value);
        }
    }
}

/// Text of the member that tells union variants apart, as it would be written.
pub(super) fn tag_text<'a>(object: &'a dyn Object, key: &str) -> Option<&'a str> {
    let mut found = None;
    with_parts(object, &mut |layers, extra| {
        let Some(top) = layers.first() else { return };
        let number = top.table.find(key);
        let layer =
            number.and_then(|number| layers.iter().find(|layer| number >= layer.table.offset()));
        let slot = layer.and_then(|layer| layer.slots.get(number? - layer.table.offset()));
        let own = layers
            .iter()
            .filter_map(|layer| layer.table.tag)
            .find(|tag| tag.0 == key);
        found = match slot {
            Some(slot) if slot.is_some() => slot.text(),
            _ => match (extra.get(key), own) {
                (Some(raw), _) => raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')),
                (None, Some((_, tag)))
                    if !extra.is_decoded() && number.is_none_or(|at| !extra.is_null(at)) =>
                {
                    Some(tag)
                }
                _ => None,
            },
        };
    });
    found
}
