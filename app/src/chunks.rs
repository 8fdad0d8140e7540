//! The parts that `cargo leptos build --split` cuts off the page's module: each is loaded when it is needed.

use leptos::{WasmSplitManifest, nonce::Nonce, prelude::*};
use leptos_meta::Link;

/// Lets the browser load a lazy island early, together with the module that will ask for it.
#[component]
pub fn Preload(
    /// The island's name in snake case, such as `start_island`.
    island: &'static str,
) -> impl IntoView {
    use_context::<WasmSplitManifest>().map(|WasmSplitManifest(manifest)| {
        let (folder, chunks, _) = manifest.get_value();
        // After the name comes a number that each build makes anew.
        let name = format!("{island}_loader_");
        let of_island = chunks.into_iter().filter(|(loader, _)| loader.starts_with(&name));
        let link = |chunk: String| {
            let href = format!("{folder}/{chunk}.wasm");
            view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="" /> }
        };
        of_island.flat_map(|(_, chunks)| chunks).map(link).collect::<Vec<_>>()
    })
}

/// Lets the browser load the script that loads the others together with the module's own, which imports it.
pub(crate) fn preload_loader(nonce: Option<Nonce>) -> impl IntoView {
    use_context::<WasmSplitManifest>().map(|WasmSplitManifest(manifest)| {
        let href = manifest.with_value(|(folder, _, loader)| format!("{folder}/{loader}"));
        view! { <link rel="modulepreload" href=href nonce=nonce /> }
    })
}
