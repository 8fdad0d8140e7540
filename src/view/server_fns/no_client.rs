//! Client of the server functions outside of browsers, where nothing calls them over HTTP: Leptos's
//! own, for the types.

use leptos::server_fn::{client::browser::BrowserClient, response::browser::BrowserResponse};

use crate::task::Problem;

/// Sends server functions; see its counterpart for browsers.
pub type ApiClient = BrowserClient;

/// Response whose body has not been read.
pub type ApiResponse = BrowserResponse;

/// Fetches a text from this server: possible in browsers only.
pub(in crate::view) async fn get_text(_path: &str) -> Result<String, Problem> {
    Err(Problem::new(0, "No answer", "The server could not be reached."))
}
