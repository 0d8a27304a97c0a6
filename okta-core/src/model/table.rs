//! What a model is as data: names and flags of its members.

use std::sync::atomic::AtomicU16;

/// Set by the server; sent back unchanged at most.
pub const READ_ONLY: u8 = 1;
/// The specification promises the member (answers) or asks for it (requests). Never enforced on decode.
pub const REQUIRED: u8 = 2;
/// Holds a secret: `Debug` shows only that it is there.
pub const SECRET: u8 = 4;
/// Accepted in requests, never answered.
pub const WRITE_ONLY: u8 = 8;
/// The specification calls it deprecated.
pub const DEPRECATED: u8 = 16;
/// The specification allows null.
pub const NULLABLE: u8 = 32;

/// One schema as the macro writes it down. The fields are open only because the macro fills them in.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub name: &'static str,
    pub open: bool,
    pub base: Option<&'static Table>,
    pub tag: Option<(&'static str, &'static str)>,
    pub members: &'static [Member],
}

/// One schema as data; made by `model!`, one constant a model.
#[derive(Debug)]
pub struct Table {
    /// Schema name in the specification.
    pub(crate) name: &'static str,
    /// Members beyond the table are expected and never drift.
    pub(crate) open: bool,
    /// Parent, whose members come first in the numbering.
    pub(crate) base: Option<&'static Table>,
    /// Member and value by which a union finds this variant.
    pub(crate) tag: Option<(&'static str, &'static str)>,
    pub(crate) members: &'static [Member],
    /// Number of members of the parents.
    offset: usize,
    /// Numbers of the parents' members that own ones of the same name hide, as bits.
    hidden: u64,
}

/// One member of a schema as data; made by `model!`.
#[derive(Debug)]
pub struct Member {
    /// `,"name":`, ready to be compared with and copied to JSON text.
    #[doc(hidden)]
    pub key: &'static str,
    #[doc(hidden)]
    pub flags: u8,
}

/// Of what is no model.
pub(super) const NO_SCHEMA: Schema = Schema {
    name: "",
    open: true,
    base: None,
    tag: None,
    members: &[],
};

/// What followed last time, by table and member. Servers write members in a stable order, so that one comparison finds
/// the next member; a wrong guess costs a search and nothing else. One list for all tables, as in a processor's branch
/// predictor: tables are constants, and so cost a build little. Relaxed: any value is correct.
static GUESSES: [AtomicU16; 1 << GUESS_BITS] = [const { AtomicU16::new(0) }; 1 << GUESS_BITS];

const GUESS_BITS: u32 = 12;

impl Member {
    /// Name in JSON.
    #[inline]
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.get(2..self.key.len() - 2).unwrap_or_default()
    }

    /// `,"name":`
    #[inline(always)]
    pub(crate) fn ready_key(&self) -> &'static str {
        self.key
    }
}

impl Table {
    /// Links a schema with its parents.
    pub(super) const fn new(schema: Schema) -> Self {
        let offset = match schema.base {
            Some(base) => base.offset + base.members.len(),
            None => 0,
        };
        Self {
            name: schema.name,
            open: schema.open,
            base: schema.base,
            tag: schema.tag,
            members: schema.members,
            offset,
            hidden: hidden(schema.base, schema.members),
        }
    }

    /// Number of members of the parents.
    #[inline(always)]
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Schema name in the specification.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Members of the schema and its parents, own ones first.
    pub fn members(&self) -> impl Iterator<Item = &'static Member> + use<> {
        let own: &'static [Member] = self.members;
        let parents =
            std::iter::successors(self.base, |table| table.base).flat_map(|table| table.members);
        own.iter().chain(parents)
    }

    /// Number of a name, own members before those of the parents (own ones shadow).
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let mut table = self;
        loop {
            let hit = table.members.iter().position(|member| {
                // Four bytes of the key are punctuation; the length sorts most names out.
                member.key.len() == name.len() + 4 && member.name() == name
            });
            if let Some(at) = hit {
                return Some(table.offset() + at);
            }
            table = table.base?;
        }
    }

    /// Member of a number, `None` beyond the table.
    #[inline(always)]
    pub(crate) fn member(&self, number: usize) -> Option<&'static Member> {
        let mut table = self;
        let mut offset = table.offset();
        while number < offset {
            table = table.base?;
            offset = table.offset();
        }
        table.members.get(number - offset)
    }

    /// Whether a member of this number is hidden by one of the same name in a more derived table.
    #[inline(always)]
    pub(crate) fn is_shadowed(&self, number: usize, member: &Member) -> bool {
        if number >= self.offset || (self.hidden == 0 && number < MOST_HIDDEN) {
            return false;
        }
        if number < MOST_HIDDEN {
            self.hidden >> number & 1 == 1
        } else {
            self.find(member.name()) != Some(number)
        }
    }

    /// The guess for what follows the member `after`, of which `None` is the beginning.
    #[inline(always)]
    pub(crate) fn guess(&'static self, after: Option<usize>) -> &'static AtomicU16 {
        let place = std::ptr::from_ref(self).addr() as u64;
        let after = after.map_or(0, |number| number as u64 + 1);
        let hash = (place ^ after.rotate_right(16)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Never beyond the list: as many bits remain as its length has.
        &GUESSES[(hash >> (64 - GUESS_BITS)) as usize]
    }

    /// Whether the union's tag member of this table has that name.
    pub(crate) fn is_tag(&self, name: &str) -> bool {
        let mut table = Some(self);
        while let Some(at) = table {
            if at.tag.is_some_and(|tag| tag.0 == name) {
                return true;
            }
            table = at.base;
        }
        false
    }
}

/// So many members have a bit in [`Table::hidden`]; those beyond are looked up.
const MOST_HIDDEN: usize = 64;

const fn hidden(base: Option<&'static Table>, own: &[Member]) -> u64 {
    let Some(table) = base else { return 0 };
    let mut bits = table.hidden;
    let mut parent = Some(table);
    while let Some(table) = parent {
        let mut at = 0;
        while at < table.members.len() {
            let number = table.offset + at;
            if number < MOST_HIDDEN && has(own, table.members[at].key) {
                bits |= 1 << number;
            }
            at += 1;
        }
        parent = table.base;
    }
    bits
}

const fn has(members: &[Member], key: &str) -> bool {
    let mut at = 0;
    while at < members.len() {
        if same(members[at].key.as_bytes(), key.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
