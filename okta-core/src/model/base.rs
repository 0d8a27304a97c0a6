//! Models that extend another.

use super::Object;

/// Access to the base of a model: itself, its parent, its parent's parent. Implemented by `model!` and `union!`.
pub trait HasBase<B> {
    /// The base.
    fn base(&self) -> &B;
    /// The base, to be changed.
    fn base_mut(&mut self) -> &mut B;
}

impl<B: Object> HasBase<B> for B {
    #[inline]
    fn base(&self) -> &B {
        self
    }

    #[inline]
    fn base_mut(&mut self) -> &mut B {
        self
    }
}
