//! Milepost: any long job gets a page. Start it, watch it honestly, cancel it for real, collect its
//! result; by polling, without WebSockets.
//!
//! * [`task`]: what a task is, on the wire.
//! * [`poll`]: when to ask again, as a pure state machine.
//! * `view`: Leptos glue and components (features `ssr`, `hydrate`).
//! * `engine`: the queue, the store and the runner (feature `ssr`).
//! * `html`: one escape function, and a writer of HTML that keeps its limits (feature `ssr`).
//! * `http`: the axum router over the engine (feature `ssr`).

pub mod poll;
pub mod task;

#[cfg(feature = "ssr")]
pub mod engine;
#[cfg(feature = "ssr")]
pub mod html;
#[cfg(feature = "ssr")]
pub mod http;
#[cfg(feature = "view")]
pub mod view;
