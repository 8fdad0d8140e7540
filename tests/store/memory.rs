//! The store in memory: the suite.

use crate::fixture::Fixture;

async fn open() -> Fixture {
    Fixture::in_memory().await.unwrap()
}

milepost::testing::conformance!(open);
