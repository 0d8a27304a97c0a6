//! Members of a model and of its bases under one numbering.

use super::slot::{Lend, Parts, PartsMut, Rest, RestMut, Show};
use super::{Extra, Object, Slot, Table};

/// Slots of a model and its bases, found by number. Bases come first in the numbering, so a number means the same
/// member in every model that extends the same base.
pub(crate) struct Layers<'own, 'above> {
    offset: usize,
    slots: &'own mut [&'own mut dyn Slot],
    /// Slots of the models that extend this one.
    above: Option<&'above mut dyn Above>,
}

trait Above {
    fn slot(&mut self, number: usize) -> Option<&mut dyn Slot>;
}

impl Above for Layers<'_, '_> {
    fn slot(&mut self, number: usize) -> Option<&mut dyn Slot> {
        Layers::slot(self, number)
    }
}

impl Layers<'_, '_> {
    #[inline(always)]
    pub(crate) fn slot(&mut self, number: usize) -> Option<&mut dyn Slot> {
        match self.slots.get_mut(number.wrapping_sub(self.offset)) {
            Some(slot) => Some(&mut **slot),
            None => self.above.as_mut()?.slot(number),
        }
    }
}

/// Lends all members of an object, with the table that names them (the most derived one).
#[inline]
pub(crate) fn with_layers(
    object: &mut dyn Object,
    visit: &mut dyn FnMut(&'static Table, &mut Layers<'_, '_>, &mut Extra),
) {
    object.parts_mut(Lend(&mut |parts| {
        let table = parts.table;
        descend(parts, None, &mut |layers, extra| {
            visit(table, layers, extra)
        });
    }));
}

fn descend(
    parts: PartsMut<'_>,
    above: Option<&mut dyn Above>,
    visit: &mut dyn FnMut(&mut Layers<'_, '_>, &mut Extra),
) {
    let mut layers = Layers {
        offset: parts.table.offset(),
        slots: parts.slots,
        above,
    };
    match parts.rest {
        RestMut::Extra(extra) => visit(&mut layers, extra),
        RestMut::Base(base) => {
            base.parts_mut(Lend(&mut |parts| descend(parts, Some(&mut layers), visit)))
        }
    }
}

/// Shows the layers of an object, most derived first, and its extra.
#[inline]
pub(crate) fn with_parts<'a>(
    object: &'a dyn Object,
    visit: &mut dyn FnMut(&[Parts<'_, 'a>], &'a Extra),
) {
    object.parts(Show(&mut |parts| match parts.rest {
        Rest::Extra(extra) => visit(&[parts], extra),
        Rest::Base(base) => collect(base, &[parts], visit),
    }));
}

/// So many layers need no allocation.
const FEW: usize = 4;

fn collect<'a>(
    object: &'a dyn Object,
    above: &[Parts<'_, 'a>],
    visit: &mut dyn FnMut(&[Parts<'_, 'a>], &'a Extra),
) {
    object.parts(Show(&mut |parts| {
        let mut few = [parts; FEW];
        let many: Vec<Parts<'_, 'a>>;
        let depth = above.len();
        let layers = match few.get_mut(..depth) {
            Some(place) if depth < FEW => {
                place.copy_from_slice(above);
                few.get(..=depth).unwrap_or_default()
            }
            _ => {
                many = above.iter().copied().chain([parts]).collect();
                &many
            }
        };
        match parts.rest {
            Rest::Extra(extra) => visit(layers, extra),
            Rest::Base(base) => collect(base, layers, visit),
        }
    }));
}
