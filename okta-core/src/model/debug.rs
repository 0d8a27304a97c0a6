//! `Debug` of every model: by the table, secrets hidden.

use std::fmt;

use super::Object;
use super::layers::with_parts;
use super::table::SECRET;

struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Writes a model: JSON names of the members that are there, null members, names of what is kept beside.
#[doc(hidden)]
pub fn debug_object(object: &dyn Object, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut result = Ok(());
    with_parts(object, &mut |layers, extra| {
        let Some(top) = layers.first() else { return };
        let mut out = f.debug_struct(top.table.name);
        for layer in layers.iter().rev() {
            for (at, (slot, member)) in layer.slots.iter().zip(layer.table.members).enumerate() {
                match slot.debug() {
                    Some(_) if member.flags & SECRET != 0 => {
                        out.field(member.name(), &Redacted);
                    }
                    Some(value) => {
                        out.field(member.name(), value);
                    }
                    None if extra.is_null(layer.table.offset() + at) => {
                        out.field(member.name(), &format_args!("null"));
                    }
                    None => {}
                }
            }
        }
        if extra.whole().is_some() || extra.iter().next().is_some() {
            out.field("extra", extra);
        }
        result = out.finish();
    });
    result
}
