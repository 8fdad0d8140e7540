//! Form field with label, help and error.

use leptos::prelude::*;

use milepost::{
    engine::Suggestion,
    html::escape,
    schema::{Field, FieldType, one_of},
};

/// Attributes of all inputs.
struct Common {
    id: String,
    name: String,
    value: Option<String>,
    required: bool,
    invalid: Option<&'static str>,
    described: Option<String>,
    /// Messages for the browser; see [`Field::messages`].
    messages: String,
}

/// Form field with label, help and error; help and error describe the input for assistive
/// technology.
#[component]
pub fn FormField(
    /// The field.
    field: Field,
    /// The entered value.
    value: Option<String>,
    /// The error.
    error: Option<String>,
    /// Whether it takes one value per line, for several tasks.
    #[prop(optional)]
    several: bool,
    /// What is suggested instead of the examples of the schema, if anything is.
    #[prop(optional)]
    suggestions: Vec<Suggestion>,
) -> impl IntoView {
    let several = several && one_of(&field);
    let id = format!("f-{}", field.name);
    let (help_id, error_id) = (format!("{id}-help"), format!("{id}-error"));
    let described =
        [error.is_some().then(|| error_id.clone()), field.help.is_some().then(|| help_id.clone())];
    let described: Vec<String> = described.into_iter().flatten().collect();
    let messages = if several { String::new() } else { field.messages().to_string() };
    let common = Common {
        messages,
        id: id.clone(),
        name: field.name,
        // Never send a secret back: anyone who sees or stores the page would see it.
        value: value.filter(|_| !field.secret),
        required: field.required,
        invalid: error.is_some().then_some("true"),
        described: (!described.is_empty()).then(|| described.join(" ")),
    };
    let boolean = field.sort == FieldType::Boolean;
    let by_line = several || matches!(field.sort, FieldType::List { .. });
    let hint = match (by_line, !field.required && !boolean) {
        (true, true) => " (one per line, optional)",
        (true, false) => " (one per line)",
        (false, true) => " (optional)",
        (false, false) => "",
    };
    let label = view! {
        <label for=id>
            {field.label} {hint}
        </label>
    };
    let input = match several {
        true => lines(common),
        false => input(common, field.sort, options(suggestions, field.examples), field.secret),
    };
    let body = if boolean {
        view! { <div class="check">{input}{label}</div> }.into_any()
    } else {
        view! { {label} {input} }.into_any()
    };
    view! {
        <div class="field">
            {body}
            {error.map(|error| view! { <p class="error" id=error_id>{error}</p> })}
            {field.help.map(|help| view! { <p class="help" id=help_id>{help}</p> })}
        </div>
    }
}

/// Values that a text field offers, each with a note.
type Options = Vec<(String, String)>;

fn options(suggestions: Vec<Suggestion>, examples: Vec<String>) -> Options {
    match suggestions.is_empty() {
        true => examples.into_iter().map(|example| (example, String::new())).collect(),
        false => suggestions.into_iter().map(|it| (it.value, it.note)).collect(),
    }
}

fn input(common: Common, sort: FieldType, offered: Options, secret: bool) -> AnyView {
    match sort {
        FieldType::Text { long: true, min, max, .. } => long_text(common, min, max),
        FieldType::Text { long: false, min, max, pattern, pattern_description } => {
            let shape = Shape { min, max, pattern, pattern_description };
            short_text(common, shape, offered, if secret { "password" } else { "text" })
        }
        FieldType::List { .. } => lines(common),
        FieldType::Number { whole, min, max } => {
            let bound = |bound: Option<serde_json::Number>| bound.map(|bound| bound.to_string());
            number(common, whole, bound(min), bound(max))
        }
        FieldType::Boolean => checkbox(common),
        FieldType::Choice(choices) => choice(common, choices),
        FieldType::File => file(common),
    }
}

fn long_text(common: Common, min: Option<u64>, max: Option<u64>) -> AnyView {
    view! { <TextArea common rows="12" min max /> }.into_any()
}

/// Text area with one value per line.
fn lines(common: Common) -> AnyView {
    view! { <TextArea common rows="6" min=None max=None /> }.into_any()
}

/// The only use of `<textarea>`: the framework does not escape its content.
#[component]
fn TextArea(
    common: Common,
    rows: &'static str,
    min: Option<u64>,
    max: Option<u64>,
) -> impl IntoView {
    // Browsers drop the first line feed after the tag, so add one.
    let text = common.value.map(|value| format!("\n{}", escape(&value))).unwrap_or_default();
    view! {
        <textarea
            id=common.id
            name=common.name
            rows=rows
            spellcheck="false"
            required=common.required
            minlength=min
            maxlength=max
            data-messages=common.messages
            aria-invalid=common.invalid
            aria-describedby=common.described
            inner_html=text
        ></textarea>
    }
}

/// Text area for a text that need not be given.
#[component]
pub fn PlainArea(
    /// The id of the element.
    id: &'static str,
    /// The name of the field.
    name: &'static str,
    /// The text.
    value: String,
) -> impl IntoView {
    let common = Common {
        id: id.to_owned(),
        name: name.to_owned(),
        value: Some(value),
        required: false,
        invalid: None,
        described: None,
        messages: String::new(),
    };
    view! { <TextArea common rows="6" min=None max=None /> }
}

/// Constraints of a short text.
struct Shape {
    min: Option<u64>,
    max: Option<u64>,
    pattern: Option<String>,
    /// Description of the pattern; without a script, the browser shows it with its own message.
    pattern_description: Option<String>,
}

fn short_text(common: Common, shape: Shape, offered: Options, sort: &'static str) -> AnyView {
    let list = format!("{}-examples", common.id);
    let option = |(value, note)| view! { <option value=value>{note}</option> };
    let options: Vec<_> = offered.into_iter().map(option).collect();
    let has_list = !options.is_empty();
    view! {
        <input
            type=sort
            id=common.id
            name=common.name
            value=common.value
            required=common.required
            minlength=shape.min
            maxlength=shape.max
            pattern=shape.pattern
            title=shape.pattern_description
            autocomplete="off"
            list=has_list.then(|| list.clone())
            data-messages=common.messages
            aria-invalid=common.invalid
            aria-describedby=common.described
        />
        {has_list.then(|| view! { <datalist id=list>{options}</datalist> })}
    }
    .into_any()
}

fn number(common: Common, whole: bool, min: Option<String>, max: Option<String>) -> AnyView {
    view! {
        <input
            type="number"
            id=common.id
            name=common.name
            value=common.value
            required=common.required
            step=if whole { "1" } else { "any" }
            min=min
            max=max
            data-messages=common.messages
            aria-invalid=common.invalid
            aria-describedby=common.described
        />
    }
    .into_any()
}

fn checkbox(common: Common) -> AnyView {
    let checked = common.value.is_some_and(|value| value != "false");
    view! {
        <input
            type="checkbox"
            id=common.id
            name=common.name
            value="true"
            checked=checked
            data-messages=common.messages
            aria-invalid=common.invalid
            aria-describedby=common.described
        />
    }
    .into_any()
}

/// File input with a hidden field for the id of a file that was already uploaded, for example by
/// the page's script.
fn file(common: Common) -> AnyView {
    let uploaded = common.value.filter(|id| !id.is_empty());
    let note = uploaded.is_some().then(|| {
        view! { <p class="help">"A file is uploaded already. Choose another to replace it."</p> }
    });
    let required = common.required && uploaded.is_none();
    view! {
        <input type="hidden" name=common.name.clone() value=uploaded.unwrap_or_default() />
        <input
            type="file"
            id=common.id
            name=common.name
            required=required
            aria-invalid=common.invalid
            aria-describedby=common.described
        />
        {note}
    }
    .into_any()
}

fn choice(common: Common, choices: Vec<String>) -> AnyView {
    let empty = (!common.required).then(|| view! { <option value="">"–"</option> });
    let options = choices.into_iter().map(|choice| {
        let selected = common.value.as_ref() == Some(&choice);
        view! {
            <option value=choice.clone() selected=selected>
                {choice.clone()}
            </option>
        }
    });
    let options = options.collect::<Vec<_>>();
    view! {
        <select
            id=common.id
            name=common.name
            required=common.required
            data-messages=common.messages
            aria-invalid=common.invalid
            aria-describedby=common.described
        >
            {empty}
            {options}
        </select>
    }
    .into_any()
}
