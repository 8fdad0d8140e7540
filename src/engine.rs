//! The engine: a durable queue, the runner of its tasks, and what is known of them right now.
//!
//! Knows neither Leptos nor axum.

mod kind;

pub use kind::{Check, KindOptions, Output, Refusal, Stages, Task, TaskError};
