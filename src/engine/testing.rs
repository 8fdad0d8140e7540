//! For tests of tasks: run one without a file, an engine or a server.
//!
//! A [`TestRun`] checks the input as the API would, runs the task once against a store in memory,
//! and returns how it ended and everything that it reported. It can cancel the run at any report,
//! and begin with the checkpoints of an earlier one.
//!
//! ```
//! use std::sync::Arc;
//!
//! use milepost::{
//!     prelude::*,
//!     testing::{Report, TestEnding, TestRun},
//! };
//!
//! #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! struct Copy {
//!     pages: u32,
//! }
//!
//! impl Task for Copy {
//!     const KIND: &'static str = "copy";
//!     const TITLE: &'static str = "Copy";
//!     const DESCRIPTION: &'static str = "Copies pages.";
//!     type Deps = ();
//!
//!     fn title(&self) -> String {
//!         format!("Copy of {} pages", self.pages)
//!     }
//!
//!     fn stages(&self) -> Stages {
//!         Stages::none()
//!     }
//!
//!     async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
//!         let done = ctx.restore("page").await?.unwrap_or(0);
//!         for page in done + 1..=self.pages {
//!             ctx.check()?;
//!             ctx.message(format!("page {page}"));
//!             ctx.checkpoint("page", &page).await?;
//!         }
//!         Ok(Output::markdown("done".to_owned(), "copy.md"))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let second = |report: &Report| *report == Report::Message("page 2".to_owned());
//! let cancelled = TestRun::new(Copy { pages: 3 }, ()).cancel_when(second).run().await?;
//! assert_eq!(cancelled.ending, TestEnding::Cancelled);
//! assert_eq!(cancelled.checkpoint::<u32>("page"), Some(2));
//!
//! let resumed = TestRun::new(Copy { pages: 3 }, ()).resume(&cancelled).run().await?;
//! assert!(matches!(resumed.ending, TestEnding::Completed(_)));
//! assert_eq!(resumed.reports[0], Report::Message("page 3".to_owned()));
//! # Ok(())
//! # }
//! ```

pub mod conformance;
mod observer;
mod outcome;
mod run;
mod uploads;

#[doc(inline)]
pub use crate::conformance;
pub use observer::Report;
pub use outcome::{TestEnding, TestOutcome};
pub use run::{TestError, TestRun};

pub(super) use observer::Observer;

/// Lets tests of this repository implement the [`Store`](super::store::Store), to make its calls
/// fail.
#[doc(hidden)]
pub use super::store::sealed::Sealed;
