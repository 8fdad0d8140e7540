//! What islands do on the server and in the browser: two modules with the same functions.

#[cfg(not(feature = "ssr"))]
mod browser;
#[cfg(feature = "ssr")]
mod server;

#[cfg(not(feature = "ssr"))]
pub(super) use browser::*;
#[cfg(feature = "ssr")]
pub(crate) use server::*;
