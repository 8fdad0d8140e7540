//! A web application with its own sign-in and pages, and the tasks nested under a path.
//!
//! ```sh
//! cargo run -p embed_in_axum &
//! curl http://127.0.0.1:3000/
//! curl -i -H 'X-User: ada' http://127.0.0.1:3000/jobs/api/v1/tasks \
//!      -H 'Content-Type: application/json' -d '{"kind": "report", "input": {"rows": 1000}}'
//! ```

#![expect(clippy::print_stdout, reason = "says where it is")]

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use milepost::{
    engine::{ListFilter, Service, clock::SystemClock, store::sqlite::SqliteStore},
    http::{HttpOptions, Links, router},
    prelude::*,
};

/// Input of the task, and the fields of its form.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Report {
    /// Number of rows to sum up.
    rows: u32,
}

impl Task for Report {
    const KIND: &'static str = "report";
    const TITLE: &'static str = "Report";
    const DESCRIPTION: &'static str = "Sums up rows.";
    type Deps = ();

    fn title(&self) -> String {
        format!("Report on {} rows", self.rows)
    }

    fn stages(&self) -> Stages {
        Stages::new([("Reading", 1.0), ("Writing", 3.0)])
    }

    async fn run(self, ctx: Context, _: Arc<()>) -> Result<Output, TaskError> {
        ctx.stage(0).await?;
        let mut sum = 0;
        for row in 1..=u64::from(self.rows) {
            ctx.check()?;
            sum += row;
            ctx.progress(row as f64 / f64::from(self.rows));
        }
        ctx.stage(1).await?;
        Ok(Output::markdown(format!("The sum is {sum}."), "report.md"))
    }
}

/// The application's own sign-in. Here a proxy names the user; use your sessions instead.
async fn sign_in(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return (StatusCode::UNAUTHORIZED, "Sign in first.").into_response();
    };
    let caller = Caller::owner(format!("user:{user}"));
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// A page of the application: how many tasks the user has, with a link to each.
async fn my_tasks(
    State(service): State<Service>,
    axum::Extension(caller): axum::Extension<Caller>,
) -> Result<Html<String>, StatusCode> {
    let list = service.list(&caller, &ListFilter::default()).await;
    let tasks = list.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?.tasks;
    let links = Links::below("/jobs");
    let row = |task: &Snapshot| {
        let (title, link) = (milepost::html::escape(&task.title), links.task(task.id));
        format!("<li><a href=\"{link}\">{title}</a>: {}</li>", task.status)
    };
    let rows: String = tasks.iter().map(row).collect();
    Ok(Html(format!("<h1>{} tasks</h1><ul>{rows}</ul>", tasks.len())))
}

fn app(service: Service) -> Router {
    // Nobody has a session cookie of ours: the application knows who calls.
    let options = HttpOptions::default().with(|o| o.session_cookie = false);
    let jobs = router(service.clone(), &options);
    let pages = Router::new().route("/my-tasks", get(my_tasks)).with_state(service);
    Router::new()
        .merge(pages)
        .nest("/jobs", jobs)
        .layer(from_fn(sign_in))
        .route("/", get(async || Html("<h1>A shop</h1><a href=\"/my-tasks\">My tasks</a>")))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = SqliteStore::open(Path::new("tasks.db"), Arc::new(SystemClock)).await?;
    let engine = Engine::builder(store).register::<Report>(()).start().await?;

    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("http://{}", listener.local_addr()?);
    let app = app(engine.service()).into_make_service_with_connect_info::<SocketAddr>();
    let draining = engine.clone();
    let stop = async move {
        drop(tokio::signal::ctrl_c().await);
        draining.drain().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    engine.close().await;
    Ok(())
}
