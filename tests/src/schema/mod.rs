//! The specifications' schemas as the tests see them, and bodies made from them.
//!
//! Written independently of the generator and of the codec: it reads the committed facts, makes bodies that the
//! specification allows, spoils them in every way that an odd answer may, and compares texts by JSON value with a
//! parser of its own.

mod broken;
mod check;
mod facts;
mod make;
mod mutate;
mod path;
mod rng;
mod roots;
mod tree;

pub use broken::{flipped, nested, truncated};
pub use check::{Failures, Verdict, recode_checked};
pub use facts::{Facts, Kind, Member, Operation, Schema, Type};
pub use make::{Coverage, Fill, Maker};
pub use mutate::{Expected, Mutation, mutations, random_mutations};
pub use path::{Place, Shell, places};
pub use rng::Rng;
pub use roots::{Root, roots};
pub use tree::{Style, Tree};
