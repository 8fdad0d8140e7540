//! Interactive parts of the pages. Each island starts from the state that the server rendered, so
//! that both renderings are equal. It reads the state from the page instead of a property, which
//! would send a log twice.

mod delete_button;
pub mod log;
mod start_button;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod submit_island;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod task_details;
pub mod task_island;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod task_list;

pub(crate) mod platform;

pub use submit_island::SubmitIsland;
pub use task_details::TaskDetailsIsland;
pub use task_island::TaskIsland;
pub use task_list::TaskListIsland;
