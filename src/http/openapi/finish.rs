//! Completes the document by what holds for all calls, so that no handler repeats it: errors that
//! layers respond with, headers that follow from the body, `HEAD`, formats and limits.

use serde_json::{Map, Value, json};

use super::{links, text::without_links};
use crate::engine::EngineOptions;

/// Cursors of lists: time and id.
/// A tag: neither a comma nor a control character, and not only white space.
const TAG: &str = r"^[^,\x00-\x1f\x7f-\x9f]*[^,\s\x00-\x1f\x7f-\x9f][^,\x00-\x1f\x7f-\x9f]*$";
/// A note: of the control characters only tab and line feed.
const NOTE: &str = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$";
const CURSOR: &str = "^[0-9]{1,18}\\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// Completes the document.
pub(super) fn finish(document: &mut Value, options: &EngineOptions) {
    let schemas = &mut document["components"]["schemas"];
    for (name, schema) in objects(schemas) {
        describe(schema);
        limit_schema(name, schema, options);
    }
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": "milepost_session",
            "description": "Set by the pages; over HTTPS `__Host-milepost_session`" },
        "token": { "type": "http", "scheme": "bearer",
            "description": "A token `mp_…` of this server; another one is for a proxy or an embedding application" },
    });
    document["security"] = json!([{}, { "session": [] }, { "token": [] }]);
    document["servers"] = json!([{ "url": "/" }]);
    let links = links::all(&document["paths"]);
    for (path, item) in objects(&mut document["paths"]) {
        for (method, operation) in objects(item) {
            finish_operation(method, operation, options);
            links::add(operation, &links);
        }
        add_head(path, item);
    }
}

/// The members of an object; none of another value.
fn objects(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Adds formats and limits of types, and removes links of the source code from descriptions.
fn describe(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("format") == Some(&json!("int32")) && object.contains_key("minimum") {
                unsigned(object);
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = without_links(text);
            }
            if let Some(properties) = object.get_mut("properties") {
                objects(properties).filter(|(name, _)| is_time(name)).for_each(|(_, schema)| {
                    schema["format"] = json!("date-time");
                });
            }
            object.values_mut().for_each(describe);
        }
        Value::Array(items) => items.iter_mut().for_each(describe),
        _ => {}
    }
}

/// A `u32` reaches beyond `int32`.
fn unsigned(schema: &mut Map<String, Value>) {
    if schema["minimum"].as_i64().is_some_and(|minimum| minimum >= 0) {
        schema.insert("format".to_owned(), json!("int64"));
        schema.entry("maximum").or_insert(json!(u32::MAX));
    }
}

fn is_time(property: &str) -> bool {
    property == "at" || property.ends_with("_at")
}

/// Limits of fields that options set.
fn limit_schema(name: &str, schema: &mut Value, options: &EngineOptions) {
    let properties = &mut schema["properties"];
    if matches!(name, "StartTask" | "StartBatch" | "Annotate") {
        properties["tags"]["maxItems"] = json!(options.max_tags);
        properties["tags"]["items"] = json!({ "type": "string", "minLength": 1, "maxLength": options.max_tag_chars, "pattern": TAG });
    }
    match name {
        "StartBatch" => {
            properties["inputs"]["minItems"] = json!(1);
            properties["inputs"]["maxItems"] = json!(options.max_batch);
            properties["kind"]["minLength"] = json!(1);
        }
        "StartTask" => properties["kind"]["minLength"] = json!(1),
        "Annotate" => {
            properties["note"]["maxLength"] = json!(options.max_note_chars);
            properties["note"]["pattern"] = json!(NOTE);
        }
        "ShareRequest" => {
            properties["expires_in_s"]["maximum"] = json!(options.max_share_lifetime.as_secs());
        }
        "PollRequest" => properties["watch"]["maxItems"] = json!(options.max_watched),
        _ => {
            // Nothing to add: an index above would have made it an object.
            if properties.is_null()
                && let Some(schema) = schema.as_object_mut()
            {
                schema.remove("properties");
            }
        }
    }
}

fn finish_operation(method: &str, operation: &mut Value, options: &EngineOptions) {
    for text in ["summary", "description"] {
        if let Some(Value::String(text)) = operation.get_mut(text) {
            *text = without_links(text);
        }
    }
    let mut waits = false;
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        waits |= parameter["name"] == "Prefer";
        finish_parameter(parameter, options);
    }
    if operation["parameters"].is_null()
        && let Some(operation) = operation.as_object_mut()
    {
        operation.remove("parameters");
    }
    if operation["operationId"] == "createUpload" {
        // A file may be empty.
        operation["requestBody"]["required"] = json!(false);
        operation["requestBody"]["content"]["*/*"]["schema"] = json!({});
    }
    let starts = ["startTask", "rerunTask", "startBatch", "rerunBatch"];
    let starts = starts.iter().any(|start| operation["operationId"] == **start);
    let mut responses = operation["responses"].take();
    add_errors(method, &mut responses);
    for (status, response) in objects(&mut responses) {
        describe(response);
        add_headers(status, response, waits, starts);
    }
    operation["responses"] = responses;
}

/// An absent parameter is left out and never `null`. Limits follow from the options.
fn finish_parameter(parameter: &mut Value, options: &EngineOptions) {
    let (name, place) = (parameter["name"].clone(), parameter["in"].clone());
    let schema = &mut parameter["schema"];
    describe(schema);
    if let Some(Value::Array(types)) = schema.get("type")
        && let [one] = types.iter().filter(|one| *one != "null").collect::<Vec<_>>().as_slice()
    {
        schema["type"] = (*one).clone();
    }
    let has_pattern = schema.get("pattern").is_some();
    let mut limit = |key: &str, value: Value| schema[key] = value;
    match (place.as_str(), name.as_str()) {
        (_, Some("Idempotency-Key")) => {
            limit("minLength", json!(1));
            limit("maxLength", json!(options.max_idempotency_key_bytes));
            limit("pattern", json!("^[!-~]+$"));
        }
        (Some("query"), Some("after")) => {
            limit("minimum", json!(0));
        }
        (Some("query"), Some("q")) => limit("maxLength", json!(options.max_search_chars)),
        (Some("query"), Some("contains")) => {
            limit("minLength", json!(1));
            limit("maxLength", json!(options.max_search_chars));
        }
        // That of a batch's page has its own.
        (Some("query"), Some("cursor")) if !has_pattern => limit("pattern", json!(CURSOR)),
        _ => {}
    }
}

/// Responses that come before a call is reached, or from the store.
fn add_errors(method: &str, responses: &mut Value) {
    let content = error_content(responses);
    let mut add = |status: &str, description: &str| {
        if responses.get(status).is_none() {
            responses[status] = json!({ "description": description, "content": content });
        }
    };
    add("400", "The request cannot be read");
    add("403", "A page of another origin asks, or one that would run the response");
    add("421", "The server does not serve this host name");
    add("500", "Something is wrong on the server");
    add("503", "The server cannot respond now");
    if method != "get" {
        add("408", "The body arrives too slowly");
        add("413", "The body is too large");
    }
}

/// Content of the error responses of an operation: that of one of its own.
fn error_content(responses: &Value) -> Value {
    let own = responses.as_object().into_iter().flatten().find_map(|(status, response)| {
        status.starts_with(['4', '5']).then(|| response.get("content"))?
    });
    own.cloned().unwrap_or_else(|| {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        json!({ "application/problem+json": problem })
    })
}

/// Headers that follow from the status and the body of a response.
fn add_headers(status: &str, response: &mut Value, waits: bool, starts: bool) {
    let schema = response["content"]["application/json"]["schema"]["$ref"].clone();
    if response["content"].is_null()
        && let Some(response) = response.as_object_mut()
    {
        response.remove("content");
    }
    let body = schema.as_str().and_then(|schema| schema.rsplit('/').next());
    let is_state = matches!(body, Some("Snapshot" | "StartedTask" | "Batch"));
    let mut add = |name: &str, schema: Value, description: &str| {
        let header = json!({ "schema": schema, "description": description });
        response["headers"][name] = header;
    };
    let seconds = || json!({ "type": "integer", "minimum": 0 });
    let text = || json!({ "type": "string" });
    if is_state || status == "304" {
        add("ETag", text(), "Version of the response; send it as `If-None-Match`");
        add("Retry-After", seconds(), "When to ask next, in seconds; absent once all has ended");
    }
    if matches!(status, "429" | "503" | "507") {
        add("Retry-After", seconds(), "When to try again, in seconds; absent if unknown");
    }
    if starts && status == "202" {
        add("Location", text(), "What was started");
        add("Operation-Location", text(), "What was started");
    }
    // A share link cannot be read by itself.
    if status == "201" && body == Some("Upload") {
        add("Location", text(), "What was created");
    }
    if waits && matches!(status, "200" | "202" | "304") {
        let description = "The longest wait that applied, such as `wait=20`; absent without a wait";
        add("Preference-Applied", text(), description);
    }
}

/// Documents `HEAD`, which each `GET` answers without a body.
fn add_head(path: &str, item: &mut Value) {
    let Some(mut head) = item.get("get").cloned() else { return };
    let id = head["operationId"].as_str().unwrap_or(path);
    let mut letters = id.chars();
    let capital = letters.next().map(|first| first.to_ascii_uppercase());
    head["operationId"] =
        json!(format!("head{}", capital.into_iter().chain(letters).collect::<String>()));
    head["summary"] = json!("The headers of `GET`.");
    for (_, response) in objects(&mut head["responses"]) {
        response.as_object_mut().map(|response| response.remove("content"));
    }
    if let Some(head) = head.as_object_mut() {
        head.remove("description");
    }
    if let Some(responses) = head["responses"].as_object_mut() {
        // Only `GET` has ranges.
        for ranged in ["206", "416"] {
            responses.remove(ranged);
        }
    }
    item["head"] = head;
}
