//! The document around every page.

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{content_policy, pages::App};

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
                // Of its elements only the script has the nonce: the one that loads the module early
                // would be refused without.
                <HydrationScripts options islands=true attr:nonce=nonce />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
