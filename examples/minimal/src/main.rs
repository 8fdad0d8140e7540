//! The smallest server: one kind of task, its queue in SQLite, the HTTP API over it.
//!
//! ```sh
//! cargo run -p minimal &
//! curl -i http://127.0.0.1:3000/jobs/api/v1/tasks \
//!      -H 'Content-Type: application/json' -d '{"kind": "primes", "input": {"up_to": 1000000}}'
//! ```

#![expect(clippy::print_stdout, reason = "says where it is")]

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use axum::Router;
use milepost::{
    engine::{clock::SystemClock, store::sqlite::SqliteStore},
    http::{HttpOptions, router},
    prelude::*,
};

/// Input of the task, and the fields of its form.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Primes {
    /// Count the primes up to this number.
    up_to: u32,
}

impl Task for Primes {
    const KIND: &'static str = "primes";
    const TITLE: &'static str = "Primes";
    const DESCRIPTION: &'static str = "Counts the primes up to a number.";
    type Deps = ();

    fn title(&self) -> String {
        format!("Primes up to {}", self.up_to)
    }

    fn stages(&self) -> Stages {
        Stages::none()
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        let count = ctx.blocking(move |work| {
            let is_prime = |n: u64| (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
            let mut count = 0;
            for n in 2..=self.up_to {
                work.check()?;
                work.progress(f64::from(n) / f64::from(self.up_to));
                count += u32::from(is_prime(n.into()));
            }
            Ok(count)
        });
        Ok(Output::markdown(format!("{} primes", count.await?), "primes.md"))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = SqliteStore::open(Path::new("tasks.db"), Arc::new(SystemClock)).await?;
    let engine = Engine::builder(store).register::<Primes>(()).start().await?;
    let app = Router::new().nest("/jobs", router(engine.service(), &HttpOptions::default()));

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("http://{}/jobs/api/v1/tasks", listener.local_addr()?);
    // With the address of each client, for limits.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let draining = engine.clone();
    let stop = async move {
        drop(tokio::signal::ctrl_c().await);
        draining.drain().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    engine.close().await;
    Ok(())
}
