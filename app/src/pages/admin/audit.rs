//! `/admin/audit`: who did what; for operators.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use milepost::{
    http::percent_encoded,
    task::{AuditEntry, AuditFilter, AuditPage},
    view::{server_fns::PagePart, text},
};

use super::{
    Table,
    tasks::{field, full_time, time_field},
};
use crate::pages::{
    parts::ask,
    style::{AdminStyle, FormStyle},
};

/// Who did what, newest first. Complete without a script.
#[component]
pub fn AuditLogPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let filter = filter_of(&query);
    let cursor = value(&query, "cursor");
    ask(move |service, caller| async move {
        let page = service.audit(&caller, &filter, cursor.as_deref(), None).await?;
        Ok(view! {
            <Title text="Audit log" />
            <FormStyle />
            <AdminStyle />
            <h1 class="h">"Audit log"</h1>
            <p class="soft">
                "Who did what. " <a href="admin">"Operation"</a>
            </p>
            <Filters filter=filter.clone() />
            <Entries filter page is_first=cursor.is_none() />
        })
    })
}

fn value(query: &ParamsMap, name: &str) -> Option<String> {
    query.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn filter_of(query: &ParamsMap) -> AuditFilter {
    AuditFilter::default().with(|filter| {
        filter.who = value(query, "who");
        filter.action = value(query, "action");
        filter.subject = value(query, "subject");
        filter.from = value(query, "from").map(full_time);
        filter.until = value(query, "until").map(full_time);
    })
}

/// The page with a filter and a cursor.
fn href(filter: &AuditFilter, cursor: Option<&str>) -> String {
    let fields = [
        ("who", filter.who.as_deref()),
        ("action", filter.action.as_deref()),
        ("subject", filter.subject.as_deref()),
        ("from", filter.from.as_deref()),
        ("until", filter.until.as_deref()),
        ("cursor", cursor),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query: Vec<_> =
        fields.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    match query.is_empty() {
        true => "admin/audit".to_owned(),
        false => format!("admin/audit?{}", query.join("&")),
    }
}

#[component]
fn Filters(filter: AuditFilter) -> impl IntoView {
    let is_filtered = filter != AuditFilter::default();
    view! {
        <form
            class="filters"
            method="get"
            action="admin/audit"
            role="search"
            aria-label="Audit log"
        >
            {field("who", "Who", filter.who)} {field("action", "Action", filter.action)}
            {field("subject", "Subject", filter.subject)}
            {time_field("from", "From (UTC)", filter.from)}
            {time_field("until", "Until (UTC)", filter.until)} <button>"Show"</button>
            {is_filtered.then(|| view! { <a href="admin/audit">"All"</a> })}
        </form>
    }
}

#[component]
fn Entries(
    filter: AuditFilter,
    page: AuditPage,
    /// Whether these are the newest.
    is_first: bool,
) -> impl IntoView {
    let AuditPage { entries, next_cursor, .. } = page;
    let older = next_cursor.map(|cursor| href(&filter, Some(&cursor)));
    let newest = (!is_first).then(|| href(&filter, None));
    let rows: Vec<_> = entries.into_iter().map(|entry| view! { <Line entry /> }).collect();
    let columns = &["Time", "Who", "By", "Address", "Action", "Subject", "Outcome"];
    let table = match rows.is_empty() {
        true => view! { <p class="soft">"No entry matches."</p> }.into_any(),
        false => {
            let rows = PagePart { element: "entries", keep: 0, html: rows.to_html() };
            view! { <Table caption="Entries" columns rows hide_caption=true /> }.into_any()
        }
    };
    view! {
        {table}
        <nav class="acts" aria-label="Pages">
            {newest.map(|href| view! { <a class="btn" href=href>"Newest"</a> })}
            {older.map(|href| view! { <a class="btn" href=href rel="next">"Older"</a> })}
        </nav>
    }
}

#[component]
fn Line(entry: AuditEntry) -> impl IntoView {
    let AuditEntry { at, who, how, address, action, subject, outcome, detail, .. } = entry;
    let of_who = href(&AuditFilter::default().with(|filter| filter.who = Some(who.clone())), None);
    let subject = subject.map(|subject| {
        let about = AuditFilter::default().with(|filter| filter.subject = Some(subject.clone()));
        view! { <a href=href(&about, None)><bdi>{subject}</bdi></a> }
    });
    let detail = detail.map(|detail| view! { " " <small><bdi>{detail}</bdi></small> });
    let shown = text::date_time(&at);
    view! {
        <tr>
            <td><time datetime=at>{shown}</time></td>
            <td><a href=of_who><bdi>{who}</bdi></a></td>
            <td>{how}</td>
            <td>{address}</td>
            <td>{action}</td>
            <td>{subject} {detail}</td>
            <td>{outcome}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> AuditFilter {
        let mut query = ParamsMap::new();
        for (name, value) in pairs {
            query.insert((*name).to_owned(), (*value).to_owned());
        }
        filter_of(&query)
    }

    #[test]
    fn a_time_of_the_form_is_in_utc_and_stands_whole_in_the_links() {
        let filter = asked(&[("from", "2026-12-24T14:02"), ("until", " "), ("who", "ada")]);
        assert_eq!(filter.from.as_deref(), Some("2026-12-24T14:02:00Z"));
        assert_eq!(filter.until, None);
        let there = href(&filter, Some("5.7"));
        assert_eq!(there, "admin/audit?who=ada&from=2026-12-24T14%3A02%3A00Z&cursor=5.7");
    }

    #[test]
    fn a_time_that_the_address_gives_in_another_way_stays() {
        for time in ["2026-12-24T14:02:11.5Z", "2026-12-24T14:02:00+01:00", "today"] {
            assert_eq!(asked(&[("until", time)]).until.as_deref(), Some(time));
        }
    }

    #[test]
    fn a_field_shows_the_time_by_which_the_page_is_filtered() {
        let field = |time: &str| time_field("from", "From (UTC)", Some(time.to_owned())).to_html();
        let minute = field("2026-12-24T14:02:00Z");
        for part in ["From (UTC)", "type=\"datetime-local\"", "value=\"2026-12-24T14:02\""] {
            assert!(minute.contains(part), "{part} is not in {minute}");
        }
        let second = field("2026-12-24T14:02:11Z");
        assert!(second.contains("value=\"2026-12-24T14:02:11Z\""), "not cut: {second}");
    }
}
