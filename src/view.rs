//! Leptos integration: [`use_task`] and [`use_tasks`] drive the [poll machine](crate::poll) in a
//! browser; the [`components`] render its state.
//!
//! Each tab has one polling loop for all tasks that it watches. The embedding application chooses
//! how requests reach the server: it passes a [`Transport`] over its own server functions, or uses
//! the ready-made [`server_fns`] (the default). On the server nothing is polled; only the first
//! snapshot is rendered.

mod announce;
pub mod components;
pub mod json;
pub mod server_fns;
mod task_view;
pub mod text;
mod transport;
mod use_task;
mod use_tasks;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use self::browser as platform;
#[cfg(not(feature = "hydrate"))]
use self::server as platform;

pub use platform::{move_focus, set_icon, set_title, take_log, take_parts};
pub use task_view::{Freshness, Segment, TaskView, segments};
pub use transport::Transport;
pub use use_task::{
    Seed, ShownParts, UseTaskOptions, UseTaskReturn, use_task, use_task_with_options,
};
pub use use_tasks::{UseTasksReturn, use_tasks, use_tasks_with_options};
