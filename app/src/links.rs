//! Links of the pages. They are relative to the root of the site, which `<base>` names by the depth of the document:
//! a proxy may serve the site below any path.

use axum::{extract::OriginalUri, http::Uri, http::request::Parts};
use leptos::prelude::use_context;
use milepost::http::{CALLBACK_PATH, Links};

/// The way from the document of a request to the root: `./`, `../`, `../../` and so on.
pub(crate) fn root(parts: &Parts) -> String {
    match uri(parts).path().matches('/').count() {
        0 | 1 => "./".to_owned(),
        depth => "../".repeat(depth - 1),
    }
}

/// The document that is rendered, as a link relative to the root, for links to a part of it.
pub(crate) fn document() -> String {
    use_context::<Parts>().map_or_else(String::new, |parts| document_of(uri(&parts)))
}

/// Values that a link fills into a start form, and the code of a provider, may be secret: no page repeats them.
fn document_of(uri: &Uri) -> String {
    let whole = uri.path_and_query().map_or("", |path| path.as_str());
    let may_be_secret = ["/start", CALLBACK_PATH].iter().any(|it| uri.path().starts_with(it));
    from_root(if may_be_secret { uri.path() } else { whole })
}

/// A path of this site as a link relative to the root. `./` keeps a first segment with a colon from being a scheme.
pub(crate) fn from_root(path: &str) -> String {
    format!("./{}", path.trim_start_matches(['/', '\\']))
}

/// Links to the API for the request that is rendered.
pub(crate) fn api() -> Links {
    use_context::<Parts>().map(|parts| of(&parts)).unwrap_or_default()
}

/// Absolute paths for a request.
pub(crate) fn of(parts: &Parts) -> Links {
    parts.extensions.get().cloned().unwrap_or_default()
}

/// What the browser asked for, even where another page is rendered in response to a form.
fn uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn the_root_is_as_many_folders_up_as_the_document_is_deep() {
        for (path, expected) in [
            ("/", "./"),
            ("/tasks", "./"),
            ("/tasks/1", "../"),
            ("/tasks/", "../"),
            ("/tasks/1/files/a%2Fb", "../../../"),
            ("//tasks/1?q=/a/b", "../../"),
        ] {
            let (mut parts, ()) = Request::new(()).into_parts();
            parts.uri = "/shown/instead/of/it".parse().unwrap();
            parts.extensions.insert(OriginalUri(path.parse().unwrap()));
            assert_eq!(root(&parts), expected, "{path}");
        }
    }

    #[test]
    fn the_document_has_its_query_unless_that_fills_in_a_form() {
        for (uri, expected) in [
            ("/tasks?q=a", "./tasks?q=a"),
            ("/tasks/1", "./tasks/1"),
            ("/start/job?key=hush", "./start/job"),
            ("/start-several/job?key=hush", "./start-several/job"),
            ("/sign-in/callback?code=hush", "./sign-in/callback"),
        ] {
            assert_eq!(document_of(&uri.parse().unwrap()), expected);
        }
    }

    #[test]
    fn no_path_leads_away_from_the_site() {
        for (path, expected) in [
            ("/tasks/1?a=b", "./tasks/1?a=b"),
            ("/", "./"),
            ("//evil.example/x", "./evil.example/x"),
            ("/\\evil.example", "./evil.example"),
            ("/javascript:alert(1)", "./javascript:alert(1)"),
        ] {
            assert_eq!(from_root(path), expected);
        }
    }
}
