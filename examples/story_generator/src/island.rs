//! The same form in an island: the server renders the page, and only the form is hydrated.

use leptos::prelude::*;
use leptos_meta::HashedStylesheet;

use crate::StoryForm;

/// Starts a story and follows it.
#[island]
pub fn StoryIsland() -> impl IntoView {
    view! { <StoryForm task=None /> }
}

/// The document of the page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>"Story generator"</title>
                <HashedStylesheet options=options.clone() />
                <HydrationScripts options islands=true />
            </head>
            <body>
                <main>
                    <h1>"Write a story in an island"</h1>
                    <StoryIsland />
                </main>
            </body>
        </html>
    }
}
