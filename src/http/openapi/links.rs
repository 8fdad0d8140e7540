//! Links of the document: which calls take the id that a response has.

use serde_json::{Map, Value, json};

/// The calls that create something, the status of success, and the paths that its id leads to.
const CREATES: [(&str, &str, &str); 5] = [
    ("startTask", "202", "/api/v1/tasks/{id}"),
    ("rerunTask", "202", "/api/v1/tasks/{id}"),
    ("startBatch", "202", "/api/v1/batches/{id}"),
    ("rerunBatch", "202", "/api/v1/batches/{id}"),
    ("createUpload", "201", "/api/v1/uploads/{id}"),
];

/// For each call that creates something, the links of its response.
pub(super) fn all(paths: &Value) -> Vec<(&'static str, &'static str, Value)> {
    let links_to = |root: &str| {
        let mut links = Map::new();
        let items = paths.as_object().into_iter().flatten();
        let below = items.filter(|(path, _)| path.strip_prefix(root).is_some_and(is_whole));
        for operation in below.flat_map(|(_, item)| item.as_object()).flat_map(Map::values) {
            let (Some(id), true) = (operation["operationId"].as_str(), takes_only_id(operation))
            else {
                continue;
            };
            let link = json!({ "operationId": id, "parameters": { "id": "$response.body#/id" } });
            links.insert(id.to_owned(), link);
        }
        Value::Object(links)
    };
    CREATES.into_iter().map(|(call, status, root)| (call, status, links_to(root))).collect()
}

/// Whether the rest of a path begins a segment.
fn is_whole(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn takes_only_id(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "path").count() == 1
}

/// Adds the links to the response of success.
pub(super) fn add(operation: &mut Value, links: &[(&str, &str, Value)]) {
    correct(operation);
    let Some((_, status, links)) =
        links.iter().find(|(call, ..)| operation["operationId"] == **call)
    else {
        return;
    };
    if let Some(response) = operation["responses"].get_mut(*status) {
        response["links"] = links.clone();
    }
}

/// Links of a handler: the crate that collects them writes `operation_id`.
fn correct(operation: &mut Value) {
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    let links = responses.filter_map(|(_, response)| response.get_mut("links")?.as_object_mut());
    for link in links.flatten().filter_map(|(_, link)| link.as_object_mut()) {
        if let Some(id) = link.remove("operation_id") {
            link.insert("operationId".to_owned(), id);
        }
    }
}
