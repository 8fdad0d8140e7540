//! The server: an engine with one kind of task, Milepost's routes, and the pages.

#![expect(clippy::print_stdout, reason = "says where it is")]

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use axum::{Router, routing::get};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use milepost::{
    engine::{
        Engine, EngineOptions, KindOptions, Registry, clock::SystemClock,
        store::sqlite::SqliteStore,
    },
    http::{Guard, HttpOptions},
};
use milepost_story::{NarratorSettings, Story, StoryDeps, StorySettings};
use story_generator::{App, island, shell};
use tower_http::services::ServeDir;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Where tasks are stored, which kinds there are, and the engine that runs them.
    let clock = Arc::new(SystemClock);
    let store = SqliteStore::open(Path::new("story_generator.db"), clock.clone()).await?;
    let mut settings = StorySettings::default();
    if let Ok(words) = env::var("WORDS_PER_SECOND") {
        settings.words_per_second = words.parse()?;
    }
    let story = StoryDeps::new("output".into(), &settings, &NarratorSettings::default())?;
    let kinds = Registry::new().with::<Story>(story, KindOptions::default());
    let engine = Engine::start(Arc::new(store), clock, kinds, EngineOptions::default()).await?;
    let service = engine.service();

    // The pages. Their server functions find the service in their context, and who asks in the request.
    let leptos = get_configuration(None)?.leptos_options;
    let http = HttpOptions::default().with(|o| o.local_only = true);
    let (context, document) = (service.clone(), leptos.clone());
    let (island_context, island_document) = (service.clone(), leptos.clone());
    let island_page = render_app_async_with_context(
        move || provide_context(island_context.clone()),
        move || island::shell(island_document.clone()),
    );
    let pages = Router::new()
        .leptos_routes_with_context(
            &leptos,
            generate_route_list(App),
            move || provide_context(context.clone()),
            move || shell(document.clone()),
        )
        .route("/island", get(island_page))
        .nest_service("/pkg", ServeDir::new(format!("{}/pkg", leptos.site_root)))
        .layer(Guard::making_sessions(&http))
        .with_state(leptos.clone());

    // Milepost's own routes: the JSON API, and the results.
    let router = pages.merge(milepost::http::router(service, &http));
    let listener = tokio::net::TcpListener::bind(leptos.site_addr).await?;
    println!("http://{}", listener.local_addr()?);
    let draining = engine.clone();
    let stop = async move {
        drop(tokio::signal::ctrl_c().await);
        draining.drain().await;
    };
    // With the address of each client, by which callers without a session are told apart.
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    engine.close().await;
    Ok(())
}
