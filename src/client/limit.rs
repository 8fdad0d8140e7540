//! Time limit of a future, on every platform.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};

use super::platform;

/// Waits for the future; `None` if it takes longer.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), platform::sleep(limit)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
