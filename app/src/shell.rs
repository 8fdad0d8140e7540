//! The document around every page.

use leptos::{
    config::LeptosOptions,
    nonce::{Nonce, use_nonce},
    prelude::*,
    tachys::html::InertElement,
};
use leptos_meta::MetaTags;

use crate::{chunks::preload_loader, content_policy, pages::App};

/// The islands are hydrated when the browser is idle, which a busy one may not be for minutes: then a
/// page would neither poll nor take a click. It waits half a second at most.
const HYDRATE_SOON: &str = "{const idle=window.requestIdleCallback;\
    if(idle)window.requestIdleCallback=(call,options)=>idle(call,options??{timeout:500})}";

/// The document. The scripts are those that hydrate the islands.
pub(crate) fn shell(options: LeptosOptions) -> impl IntoView {
    content_policy::declare();
    let nonce = use_nonce();
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style nonce=nonce.clone() />
                <link id="icon" rel="icon" href="/favicon.svg" data-href="/favicon.svg" type="image/svg+xml" />
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

/// The scripts that hydrate the islands. Leptos gives the nonce to the script and not to the link that
/// loads its module early, which would be refused; and an attribute that is there twice counts as none.
fn hydration(options: LeptosOptions, nonce: Option<Nonce>) -> impl IntoView {
    let html = view! { <HydrationScripts options islands=true /> }.to_html();
    let link = "<link rel=\"modulepreload\"";
    InertElement::new(match nonce {
        Some(nonce) => html.replace(link, &format!("{link} nonce=\"{}\"", &*nonce)),
        None => html,
    })
}
