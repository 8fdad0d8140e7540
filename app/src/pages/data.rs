//! All data of an owner, on `/account` and `/admin`: its download, its deletion, and what a deletion did.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use milepost::{http::percent_encoded, task::DataDeleted};

use super::delete::{CONFIRM, CONFIRM_FIELD};
use crate::links;

/// Field of the form on `/admin`: whose data.
pub(crate) const OWNER_FIELD: &str = "owner";

/// Fields of the address after a deletion: the numbers, whether something is left, and whose data it was.
const DELETED: &str = "deleted";
const MORE: &str = "more";
const OF: &str = "of";

/// What a deletion did, as the page after it reads it from its address.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedData {
    what: DataDeleted,
    /// Whose data it was; `None`: the visitor's.
    of: Option<String>,
}

/// The page that says what a deletion did.
pub(crate) fn path_after(page: &str, what: &DataDeleted, of: Option<&str>) -> String {
    let DataDeleted { tasks, uploads, tokens, sessions, .. } = what;
    let mut path = format!("{page}?{DELETED}={tasks}-{uploads}-{tokens}-{sessions}");
    if !what.complete {
        path.push_str(&format!("&{MORE}=1"));
    }
    if let Some(of) = of {
        path.push_str(&format!("&{OF}="));
        path.extend(percent_encoded(of));
    }
    path
}

/// Reads what [`path_after`] wrote; `None` if the address is another one.
pub(super) fn deleted_from(query: &ParamsMap) -> Option<DeletedData> {
    let numbers = query.get(DELETED)?;
    let mut numbers = numbers.split('-').map(|number| number.parse::<u32>().ok());
    let mut next = || numbers.next().flatten();
    let (tasks, uploads, tokens, sessions) = (next()?, next()?, next()?, next()?);
    let what = DataDeleted::default().with(|what| {
        (what.tasks, what.uploads, what.tokens, what.sessions) = (tasks, uploads, tokens, sessions);
        what.complete = query.get(MORE).is_none();
    });
    Some(DeletedData { what, of: query.get(OF).filter(|of| !of.is_empty()) })
}

fn number(number: u32, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// What was deleted, in a sentence or two.
fn summary(DeletedData { what, of }: &DeletedData) -> String {
    let parts = [(what.tasks, "task"), (what.uploads, "upload"), (what.tokens, "token")];
    let parts = parts.map(|(count, one)| number(count, one)).join(", ");
    let of = of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
    let ended = match what.sessions {
        0 => String::new(),
        1 => " 1 session was ended.".to_owned(),
        sessions => format!(" {sessions} sessions were ended."),
    };
    let more = match what.complete {
        true => "",
        false => " More is left: type the word again to delete the rest.",
    };
    format!("Deleted{of}: {parts}.{ended}{more}")
}

/// Says what was deleted.
#[component]
pub(super) fn DeletedNote(deleted: DeletedData) -> impl IntoView {
    view! {
        <p class="note" role="status" dir="auto">
            {summary(&deleted)}
        </p>
    }
}

/// The field for the word that confirms a deletion.
#[component]
fn Confirm() -> impl IntoView {
    view! {
        <label>
            "Type “" {CONFIRM} "” to confirm. "
            <input name=CONFIRM_FIELD required pattern=CONFIRM autocomplete="off" />
        </label>
    }
}

/// The visitor's own data, on `/account`.
#[component]
pub(super) fn OwnData() -> impl IntoView {
    view! {
        <section aria-labelledby="data">
            <h2 id="data">"Your data"</h2>
            <p class="soft">
                "A ZIP archive of your tasks with their inputs, logs, results and files, your uploads, and a list of "
                "your tokens and links. It has no secrets."
            </p>
            <p class="acts">
                <a class="btn" href=links::api().export() download="">
                    "Download all my data"
                </a>
            </p>
        </section>
        <section aria-labelledby="delete-data">
            <h2 id="delete-data">"Delete all my data"</h2>
            <p class="soft">
                "Your tasks with their inputs, logs, results and files, the links to them, your uploads and your tokens "
                "are removed for good; tasks that have not ended are stopped. Nobody can bring them back. "
                "This browser stays as it is; if you are signed in elsewhere, those sessions end."
            </p>
            <form method="post" action="account/delete-data">
                <p>
                    <Confirm />
                </p>
                <p class="acts">
                    <button class="cancel">"Delete all my data"</button>
                </p>
            </form>
        </section>
    }
}

/// The data of any owner, for admins on `/admin`.
#[component]
pub(super) fn OwnersData(
    /// Whose data is deleted in part.
    left: Option<String>,
) -> impl IntoView {
    let owner = |value: Option<String>| {
        view! {
            <label>
                "Owner "
                <input name=OWNER_FIELD value=value required maxlength="300" autocomplete="off" />
            </label>
        }
    };
    view! {
        <form method="get" action=links::api().export()>
            <p class="acts">{owner(None)} <button>"Export all data"</button></p>
        </form>
        <form method="post" action="admin/delete-data">
            <p class="acts">
                {owner(left)} <Confirm /> <button class="cancel">"Delete all data"</button>
            </p>
        </form>
    }
}

impl DeletedData {
    /// Whose data it was, if there is more of it.
    pub(super) fn left(&self) -> Option<String> {
        self.of.clone().filter(|_| !self.what.complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<DeletedData> {
        let mut query = ParamsMap::new();
        for (name, value) in form(path) {
            query.insert(name, value);
        }
        deleted_from(&query)
    }

    fn form(path: &str) -> Vec<(String, String)> {
        let (_, query) = path.split_once('?').unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":"))).collect()
    }

    #[test]
    fn the_page_after_a_deletion_reads_what_it_did_from_its_address() {
        let what = DataDeleted::default().with(|what| {
            (what.tasks, what.uploads, what.tokens, what.sessions) = (1, 0, 2, 3);
            what.complete = true;
        });
        let own = read(&path_after("account", &what, None));
        let told = own.as_ref().map(summary).unwrap_or_default();
        assert_eq!(told, "Deleted: 1 task, 0 uploads, 2 tokens. 3 sessions were ended.");
        let part = what.with(|what| (what.complete, what.sessions) = (false, 0));
        let other = read(&path_after("admin", &part, Some("user:ada"))).expect("what was deleted");
        assert_eq!(other.left().as_deref(), Some("user:ada"));
        assert_eq!(
            summary(&other),
            "Deleted of user:ada: 1 task, 0 uploads, 2 tokens. More is left: type the word again to delete the rest."
        );
        for other in
            ["account?a=b", "account?deleted=", "account?deleted=1-2-3", "account?deleted=a-1-1-1"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
