//! A program that starts a task in another process, follows it and prints its result.
//!
//! ```sh
//! cargo run -p minimal &
//! cargo run -p rust_client http://127.0.0.1:3000/jobs primes '{"up_to": 1000000}'
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::env;

use anyhow::{Context as _, bail};
use milepost::{
    client::Client,
    task::{StartTask, Status},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, kind, input] = &arguments[..] else { bail!("usage: rust_client URL KIND INPUT") };
    let input = serde_json::from_str(input).context("the input is no JSON")?;
    let mut client = Client::builder(url);
    if let Ok(token) = env::var("TOKEN") {
        client = client.bearer(token);
    }
    let client = client.build()?;

    let started = client.start(&StartTask::new(kind, input)).await?;
    let id = started.snapshot.id;
    eprintln!("started {id}");
    let mut follow = client.follow_snapshot(started.snapshot);
    loop {
        let snapshot = tokio::select! {
            snapshot = follow.next() => snapshot.context("the task ended before")??,
            // Ctrl-C cancels the task and waits until it has stopped.
            _ = tokio::signal::ctrl_c() => {
                follow.cancel().await?;
                continue;
            }
        };
        eprintln!("{} {:.0} %", snapshot.status, snapshot.progress.unwrap_or_default());
        match snapshot.status {
            Status::Completed => break,
            Status::Error => {
                bail!("{}", snapshot.error.map(|error| error.message).unwrap_or_default())
            }
            Status::Cancelled => bail!("cancelled"),
            _ => {}
        }
    }
    println!("{}", String::from_utf8_lossy(&client.result(id).await?));
    Ok(())
}
