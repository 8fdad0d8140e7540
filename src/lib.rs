//! Milepost: a page for every long-running job. Start a task, follow its progress, cancel it,
//! collect its result; by polling, without WebSockets.
//!
//! * [`task`]: the wire types of a task.
//! * [`poll`]: the polling client as a pure state machine.
//! * [`schema`]: an input's JSON Schema as the fields of a form.
//! * `view`: Leptos glue and components (features `ssr`, `hydrate`).
//! * `engine`: queue, store and runner (feature `ssr`).
//! * `html`: one escape function, and an HTML writer with size limits (feature `ssr`).
//! * `http`: the axum router over the engine (feature `ssr`).

pub mod poll;
pub mod schema;
pub mod task;

#[cfg(feature = "ssr")]
pub mod engine;
#[cfg(feature = "ssr")]
pub mod html;
#[cfg(feature = "ssr")]
pub mod http;
#[cfg(feature = "ssr")]
mod read_json;
#[cfg(feature = "view")]
pub mod view;
