//! HTML document around every page.

use axum::http::request::Parts;
use leptos::{
    config::LeptosOptions,
    nonce::{Nonce, use_nonce},
    prelude::*,
    tachys::html::InertElement,
};
use leptos_meta::MetaTags;

use crate::{chunks::preload_loader, content_policy, links, pages::App};

/// Leptos hydrates islands when the browser is idle, which may take minutes on a busy one, during
/// which a page neither polls nor reacts. This limits the wait to half a second.
const HYDRATE_SOON: &str = "{const idle=window.requestIdleCallback;\
    if(idle)window.requestIdleCallback=(call,options)=>idle(call,options??{timeout:500})}";

/// HTML document with the scripts that hydrate the islands.
pub(crate) fn shell(options: LeptosOptions) -> impl IntoView {
    content_policy::declare();
    let nonce = use_nonce();
    let base = use_context::<Parts>().map_or_else(String::new, |parts| links::root(&parts));
    let style = format!("{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <base href=base />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style nonce=nonce.clone() />
                <link id="icon" rel="icon" href="favicon.svg" data-href="favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <script nonce=nonce.clone() inner_html=HYDRATE_SOON></script>
                {hydration(options, nonce.clone())}
                {preload_loader(nonce)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Scripts that hydrate the islands, without their indentation. Leptos adds the nonce to the script
/// but not to the module preload link, which would be refused. Setting the attribute twice would
/// make it invalid.
fn hydration(options: LeptosOptions, nonce: Option<Nonce>) -> impl IntoView {
    let html = view! { <HydrationScripts options islands=true root="." /> }.to_html();
    let html = html.lines().map(str::trim_start).collect::<Vec<_>>().join("\n");
    let link = "<link rel=\"modulepreload\"";
    InertElement::new(match nonce {
        Some(nonce) => html.replace(link, &format!("{link} nonce=\"{}\"", &*nonce)),
        None => html,
    })
}
