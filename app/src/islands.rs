//! What moves on a page. Each island gets its first snapshot from the server as a property, so that
//! the browser's first rendering equals the server's.

pub mod task_island;
pub mod task_list;
mod transport;

pub use task_island::TaskIsland;
pub use task_list::TaskListIsland;
