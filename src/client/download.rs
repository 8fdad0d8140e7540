//! A file or a result, received piece by piece.

use bytes::Bytes;

use super::{Client, Error, limit::within, platform};

/// The body of a response that is received piece by piece. Dropping it ends the request.
#[derive(Debug)]
pub struct Download {
    client: Client,
    response: platform::Response,
}

impl Download {
    pub(super) fn new(client: Client, response: platform::Response) -> Self {
        Self { client, response }
    }

    /// Waits for the next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the connection is lost, [`Error::Timeout`] when nothing is
    /// received for [`idle_timeout`](super::ClientBuilder::idle_timeout).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let limit = self.client.0.limits.idle_timeout;
        match within(limit, self.response.chunk()).await {
            Some(chunk) => chunk.map_err(|error| self.client.unreachable(error)),
            None => Err(self.client.late(limit)),
        }
    }

    /// Receives the rest, at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when there is more; otherwise as [`Download::chunk`].
    pub async fn bytes(mut self, max_bytes: usize) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > max_bytes {
                return Err(Error::TooLarge { max_bytes });
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}
