//! WASM chunks that `cargo leptos build --split` separates from the main module and that are loaded
//! on demand.

use leptos::{WasmSplitManifest, nonce::Nonce, prelude::*};
use leptos_meta::Link;

/// Preloads the chunks of a lazy island together with the main module.
#[component]
pub fn Preload(
    /// Name of the island in snake case, such as `submit_island`.
    island: &'static str,
) -> impl IntoView {
    use_context::<WasmSplitManifest>().map(|WasmSplitManifest(manifest)| {
        let (folder, chunks, _) = manifest.get_value();
        // The name is followed by a number that changes with each build.
        let name = format!("{island}_loader_");
        let of_island = chunks.into_iter().filter(|(loader, _)| loader.starts_with(&name));
        let link = |chunk: String| {
            let href = format!("{folder}/{chunk}.wasm");
            view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="" /> }
        };
        of_island.flat_map(|(_, chunks)| chunks).map(link).collect::<Vec<_>>()
    })
}

/// Links that preload the main module, as HTML; for pages with an island.
#[derive(Clone)]
pub(crate) struct IslandPreloads(pub(crate) String);

/// Link that preloads the script that loads the chunks, together with the main module that imports
/// it, as HTML.
pub(crate) fn preload_loader(nonce: Option<Nonce>) -> String {
    let link = use_context::<WasmSplitManifest>().map(|WasmSplitManifest(manifest)| {
        let href = manifest.with_value(|(folder, _, loader)| format!("{folder}/{loader}"));
        view! { <link rel="modulepreload" href=href nonce=nonce /> }
    });
    link.to_html()
}
