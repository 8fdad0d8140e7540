//! A process that only works: it takes tasks from a queue in PostgreSQL, beside any number of
//! others. Start as many as you like; servers that share the database start tasks and show them. A
//! worker that dies is replaced: another one continues its tasks from their checkpoints.
//!
//! ```sh
//! DATABASE_URL=postgres://localhost/milepost cargo run -p postgres_worker
//! ```

#![expect(clippy::print_stdout, reason = "says that it is ready")]

use std::{env, sync::Arc};

use anyhow::Context as _;
use milepost::{
    engine::store::postgres::{PostgresOptions, PostgresStore},
    prelude::*,
};

/// Input of the task.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Digest {
    /// The texts to digest.
    texts: Vec<String>,
}

impl Task for Digest {
    const KIND: &'static str = "digest";
    const TITLE: &'static str = "Digest";
    const DESCRIPTION: &'static str = "Counts the words of texts.";
    type Deps = ();

    fn title(&self) -> String {
        format!("Digest of {} texts", self.texts.len())
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        // What an earlier worker has done is not done again.
        let mut counts: Vec<usize> = ctx.restore("counts").await?.unwrap_or_default();
        for text in self.texts.iter().skip(counts.len()) {
            ctx.check()?;
            counts.push(text.split_whitespace().count());
            ctx.checkpoint("counts", &counts).await?;
            ctx.progress(counts.len() as f64 / self.texts.len() as f64);
        }
        let sum: usize = counts.iter().sum();
        Ok(Output::markdown(format!("{sum} words"), "digest.md"))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = env::var("DATABASE_URL").context("set DATABASE_URL")?;
    let store = PostgresStore::open(&url, PostgresOptions::default()).await?;
    let engine = Engine::builder(store).register::<Digest>(()).start().await?;
    println!("ready");
    tokio::signal::ctrl_c().await?;
    // Running tasks may finish; the others go back to the queue.
    engine.shutdown().await;
    Ok(())
}
