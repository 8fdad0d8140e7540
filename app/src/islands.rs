//! What moves on a page. Each island begins with what the server knows, so that the browser's first
//! rendering equals the server's. It gets that from the page, not as a property: a log that is on the page already
//! would be sent twice.

pub mod log;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod start_island;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod task_details;
pub mod task_island;
#[expect(missing_docs, reason = "what loads a lazy island is the macro's")]
pub mod task_list;

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
pub(crate) mod server;

#[cfg(not(feature = "ssr"))]
use self::browser as platform;
#[cfg(feature = "ssr")]
use self::server as platform;

pub use start_island::StartIsland;
pub use task_details::TaskDetailsIsland;
pub use task_island::TaskIsland;
pub use task_list::TaskListIsland;
