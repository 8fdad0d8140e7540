//! Signals that stop the server or reload its configuration, per operating system.

use std::io;

/// SIGINT and SIGTERM.
#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for either signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// SIGHUP.
#[cfg(unix)]
pub struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn new() -> io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Self)
    }

    /// Waits for SIGHUP; returns false if none can arrive any more.
    pub async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

/// Windows has no SIGHUP.
#[cfg(windows)]
pub struct Hangups;

#[cfg(windows)]
impl Hangups {
    pub const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> bool {
        false
    }
}

/// Ctrl-C.
#[cfg(windows)]
pub struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    pub fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}
