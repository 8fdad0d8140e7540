//! Milepost: a page for every long-running job. Start a task, follow its progress, cancel it,
//! collect its result; by polling, without WebSockets.
//!
//! # Features
//!
//! Each layer is a feature, and compiles what it needs and nothing else. None is on by default.
//!
//! | Feature | Module | For | Turns on |
//! | --- | --- | --- | --- |
//! | (none) | [`task`], [`poll`], [`schema`], [`loopback`] | wire types, the polling client as a pure state machine, an input's JSON Schema as form fields; serde only, also for WebAssembly | |
//! | `client` | `client` | a client of the HTTP API that starts, follows and cancels tasks: on tokio, or in a browser's WebAssembly | |
//! | `engine` | `engine`, `prelude`, `html` | queue, runner and service; an HTML writer with size limits for results | |
//! | `sqlite` | `engine::store::sqlite` | the store in one file, for one process | `engine` |
//! | `postgres` | `engine::store::postgres` | the store in PostgreSQL, for several processes | `engine` |
//! | `files` | constructors of `engine::Artifacts` | files of tasks and uploads, in a folder or an object store; without it they are refused | `engine` |
//! | `http` | `http` | the axum router over the service: JSON API, OpenAPI document, sessions, metrics | `engine` |
//! | `oidc` | `http::ProviderSignIn` | signing in at an OpenID Connect provider | `http` |
//! | `testing` | `testing` | for tests: run one task without an engine, and see what it reports; the suite that each store passes | `sqlite` |
//! | `leptos` | `view` | `use_task`, components and server functions; needs `ssr` or `hydrate` | |
//! | `ssr` | `view` | the server's side of `view` | `leptos`, `http` |
//! | `hydrate` | `view` | the browser's side of `view` | `leptos` |
//!
//! `ssr` and `hydrate` exclude each other: build them apart, and never with `--all-features`.
//!
//! | Program | Features |
//! | --- | --- |
//! | An axum server with its queue in SQLite | `sqlite`, `http` |
//! | The same, and its tasks read and write files | `sqlite`, `http`, `files` |
//! | A worker beside other processes | `postgres` |
//! | A server that renders its pages with Leptos | `ssr`, a store, perhaps `files` |
//! | The pages' WebAssembly | `hydrate` |
//! | A program that starts and follows tasks of a server | `client` |
//! | A client with an HTTP library of its own | none |

#![warn(clippy::missing_errors_doc)]

#[cfg(feature = "client")]
pub mod client;
pub mod loopback;
#[cfg(any(feature = "client", feature = "http"))]
mod percent;
pub mod poll;
pub mod schema;
pub mod task;
mod with;

#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod html;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "engine")]
pub mod prelude;
#[cfg(feature = "engine")]
pub mod read_json;
#[cfg(feature = "testing")]
pub use engine::testing;
#[cfg(feature = "leptos")]
pub mod view;

/// The code in the documents is compiled, and run where it ends.
#[cfg(all(doctest, feature = "client", feature = "sqlite", feature = "ssr"))]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/embedding.md")]
mod documents {}
