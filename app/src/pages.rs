//! Pages, rendered on the server, with islands for interactive parts.

pub mod account;
mod acts;
pub mod admin;
pub mod batch;
pub mod data;
pub mod delete;
pub mod files;
pub mod forget;
pub mod home;
mod input;
pub mod keep;
pub mod labels;
pub(crate) mod live;
mod log;
pub mod parts;
pub mod problem;
pub mod rerun;
pub mod result;
pub mod share;
pub mod sign_in;
pub mod start;
pub mod style;
pub mod task;
pub mod tasks;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};
use milepost::html::escape;

use crate::{context, links};

use self::{
    account::AccountPage,
    admin::{AdminPage, audit::AuditLogPage},
    batch::BatchPage,
    delete::DeletePage,
    files::{FilePage, FilesPage},
    forget::ForgetPage,
    home::HomePage,
    labels::LabelsPage,
    problem::NotFound,
    result::ResultPage,
    share::{ShareBatchPage, SharePage},
    sign_in::SignInPage,
    start::{SeveralPage, StartPage},
    task::TaskPage,
    tasks::TasksPage,
};

/// Name of the site, the last part of titles.
pub(crate) const SITE: &str = "Milepost";

/// Every page: header, content by path, footer. A page is rendered completely before it is sent, so
/// that its status is right and it works without a script.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let document = links::document();
    // The page about a link that is not valid has no address that it could repeat.
    let skip = (!document.starts_with("./s/")).then(|| {
        view! {
            <a class="skip" href=format!("{document}#main")>
                "Skip to the content"
            </a>
        }
    });
    view! {
        <Title formatter=title_markup />
        <Router>
            {skip}
            <Header />
            <main id="main" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                    <Route path=path!("/start/:kind") view=StartPage ssr=SsrMode::Async />
                    <Route path=path!("/start-several/:kind") view=SeveralPage ssr=SsrMode::Async />
                    <Route path=path!("/batches/:id") view=BatchPage ssr=SsrMode::Async />
                    <Route path=path!("/batches/:id/share") view=ShareBatchPage ssr=SsrMode::Async />
                    <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                    <Route path=path!("/admin") view=AdminPage ssr=SsrMode::Async />
                    <Route path=path!("/admin/audit") view=AuditLogPage ssr=SsrMode::Async />
                    <Route path=path!("/forget") view=ForgetPage ssr=SsrMode::Async />
                    <Route path=path!("/tasks") view=TasksPage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id") view=TaskPage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/labels") view=LabelsPage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/delete") view=DeletePage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/share") view=SharePage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/files") view=FilesPage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/files/:name") view=FilePage ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id/result") view=ResultPage ssr=SsrMode::Async />
                </Routes>
            </main>
            <Footer />
        </Router>
    }
}

/// Content of `<title>` for all pages. The framework inserts it unescaped, so this function escapes
/// it, and no other code must.
fn title_markup(title: String) -> String {
    if title.is_empty() { SITE.to_owned() } else { format!("{} · {SITE}", escape(&title)) }
}

#[component]
fn Header() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let current = |here: bool| here.then_some("page");
    view! {
        <header>
            <a class="brand" href="./">
                {SITE}
            </a>
            <nav aria-label="Main">
                <a href="./" aria-current=current(path == "/")>
                    "Start"
                </a>
                <a href="tasks" aria-current=current(path == "/tasks")>
                    "Tasks"
                </a>
            </nav>
        </header>
    }
}

#[component]
fn Footer() -> impl IntoView {
    // Who signs in has no session that a browser alone knows.
    let forget = (!context::signs_in()).then(|| {
        view! {
            " · "
            <a href="forget">"Forget me on this browser"</a>
        }
    });
    view! {
        <footer>
            <p>
                "For programs: " <a href="api/openapi.json">"the API"</a>
                "."
            </p>
            <p>
                <a href="account">"Account"</a>
                {forget}
            </p>
        </footer>
    }
}
