//! What a model is as data: names and flags of its members.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

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

/// One schema as data; made by `model!`, one static a model.
///
/// The fields are open only because the macro fills them in.
#[derive(Debug)]
pub struct Table {
    /// Schema name in the specification.
    #[doc(hidden)]
    pub name: &'static str,
    /// Members beyond the table are expected and never drift.
    #[doc(hidden)]
    pub open: bool,
    /// Parent, whose members come first in the numbering.
    #[doc(hidden)]
    pub base: Option<&'static Table>,
    /// Member and value by which a union finds this variant.
    #[doc(hidden)]
    pub tag: Option<(&'static str, &'static str)>,
    #[doc(hidden)]
    pub members: &'static [Member],
    /// What the first member of an object was last time.
    #[doc(hidden)]
    pub first: Guess,
    /// Which base members are hidden by own ones of the same name.
    #[doc(hidden)]
    pub shadows: Shadows,
}

/// Numbers of hidden members as bits, found out at the first use; the highest bit says that they are.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shadows(AtomicU64);

const SHADOWS_KNOWN: u64 = 1 << 63;

impl Shadows {
    // A constant is cheaper to compile than a call, and there are thousands.
    #[allow(clippy::declare_interior_mutable_const)]
    pub const NEW: Self = Self(AtomicU64::new(0));
}

/// Number of the member that followed last time. Servers write members in a stable order, so that one comparison finds
/// the next member; a wrong guess costs a search and nothing else. Relaxed: any value is correct.
#[doc(hidden)]
#[derive(Debug)]
pub struct Guess(AtomicU16);

impl Guess {
    #[allow(clippy::declare_interior_mutable_const)]
    pub const NEW: Self = Self(AtomicU16::new(0));
}

/// One member of a schema as data; made by `model!`, like [`Table`].
#[derive(Debug)]
pub struct Member {
    /// `,"name":`, ready to be compared with and copied to JSON text.
    #[doc(hidden)]
    pub key: &'static str,
    #[doc(hidden)]
    pub flags: u8,
    #[doc(hidden)]
    pub next: Guess,
}

/// Of what is no model.
pub(super) static NO_TABLE: Table = Table {
    name: "",
    open: true,
    base: None,
    tag: None,
    members: &[],
    first: Guess::NEW,
    shadows: Shadows::NEW,
};

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
    /// Number of members of the parents.
    #[inline(always)]
    pub(crate) fn offset(&self) -> usize {
        match self.base {
            None => 0,
            Some(base) => base.total(),
        }
    }

    fn total(&self) -> usize {
        let parents = self.base.map_or(0, Self::total);
        parents + self.members.len()
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
        if self.base.is_none() || number >= self.offset() {
            return false;
        }
        match self.shadows.0.load(Ordering::Relaxed) {
            0 => self.look_for_shadows(number, member),
            bits if number < 63 => bits >> number & 1 == 1,
            _ => self.find(member.name()) != Some(number),
        }
    }

    #[cold]
    fn look_for_shadows(&self, number: usize, member: &Member) -> bool {
        let hidden = |number: &usize| {
            self.member(*number)
                .is_some_and(|member| self.find(member.name()) != Some(*number))
        };
        let bits = (0..self.offset().min(63))
            .filter(hidden)
            .fold(0, |bits, number| bits | 1 << number);
        self.shadows
            .0
            .store(bits | SHADOWS_KNOWN, Ordering::Relaxed);
        self.find(member.name()) != Some(number)
    }

    /// Guess for what follows `after` (`None`: the beginning).
    #[inline(always)]
    pub(crate) fn guess(&self, after: Option<&Member>) -> usize {
        usize::from(
            after
                .map_or(&self.first, |member| &member.next)
                .0
                .load(Ordering::Relaxed),
        )
    }

    /// Remembers what followed.
    #[inline]
    pub(crate) fn learn(&self, after: Option<&Member>, number: usize) {
        if let Ok(number) = u16::try_from(number) {
            after
                .map_or(&self.first, |member| &member.next)
                .0
                .store(number, Ordering::Relaxed);
        }
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
