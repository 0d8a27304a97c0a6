//! Lists in pages: `Link` headers, body links, cursors and streams.

mod count;
mod cursor;
mod items;
mod link;
mod next;
mod page;
mod prefetch;
mod stream;

pub(crate) use count::count;
pub use cursor::Cursor;
pub use items::ItemStream;
pub(crate) use next::next_target;
pub use page::Page;
#[doc(hidden)]
pub use page::decode_page;
pub(crate) use page::decode_some;
pub(crate) use page::find_items_member;
pub use stream::PageStream;
