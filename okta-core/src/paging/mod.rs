//! Lists in pages: `Link` headers, body links, cursors and streams.

mod link;
mod next;
mod page;
mod stream;

pub(crate) use next::next_target;
#[doc(hidden)]
pub use page::decode_page;
pub(crate) use page::find_items_member;
pub use page::{Cursor, Page};
pub use stream::{ItemStream, PageStream};
