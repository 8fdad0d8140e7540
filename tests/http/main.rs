//! Contract tests of the HTTP API.
