//! The narrator that needs nothing but the research text.

mod beats;
mod compose;
mod frames;
mod material;
mod react;
mod thread;
mod voice;

pub(super) use self::compose::{Tale, TaleChapter, compose};
pub(super) use self::voice::plain;
