//! Initial values of a start form.

use leptos_router::params::ParamsMap;
use milepost::{
    engine::{Caller, ListFilter, Service},
    schema,
    task::{Problem, Snapshot, TaskId},
};

use crate::{outcome::Rejected, wire::TAGS_FIELD};

/// Initial values of a start form.
pub(super) struct Filled {
    /// Names and values of the fields.
    pub(super) entered: Vec<(String, String)>,
    /// The last started task of this kind, if the form is empty and could use its input.
    pub(super) last: Option<Snapshot>,
}

impl Filled {
    /// The entered values of a rejected start, or else those of a link, or else the defaults.
    pub(super) async fn of(
        service: &Service,
        caller: &Caller,
        kind: &str,
        fields: &[schema::Field],
        query: &ParamsMap,
        rejected: Option<&Rejected>,
    ) -> Result<Self, Problem> {
        // An unreadable form starts from scratch.
        if let Some(rejected) = rejected.filter(|rejected| !rejected.entered.is_empty()) {
            let mut entered = rejected.entered.clone();
            let secret = |name: &str| fields.iter().any(|field| field.secret && field.name == name);
            entered.retain(|(name, _)| !secret(name));
            return Ok(Self { entered, last: None });
        }
        let mut entered: Vec<_> = fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), field.default.clone()?)))
            .collect();
        let linked = linked(fields, query);
        let from = query.get("from");
        let empty = linked.is_empty() && from.is_none();
        if let Some(id) = from.and_then(|id| id.parse::<TaskId>().ok()) {
            let start = service.input(caller, id).await?.ok_or_else(Problem::task_not_found)?;
            if start.kind == kind {
                entered.extend(schema::write(fields, &start.input));
                entered.push((TAGS_FIELD.to_owned(), start.tags.join(", ")));
            }
        }
        entered.extend(linked);
        let last = if empty { latest(service, caller, kind).await? } else { None };
        Ok(Self { entered, last })
    }
}

/// Values from the link's query. Secrets are never taken from links, which are stored and displayed
/// in many places.
fn linked(fields: &[schema::Field], query: &ParamsMap) -> Vec<(String, String)> {
    let fields = fields.iter().filter(|field| !field.secret);
    fields.filter_map(|field| Some((field.name.clone(), query.get(&field.name)?))).collect()
}

async fn latest(
    service: &Service,
    caller: &Caller,
    kind: &str,
) -> Result<Option<Snapshot>, Problem> {
    let kind = Some(kind.to_owned());
    let filter = ListFilter::default().with(|o| {
        o.kind = kind;
        o.limit = Some(1);
    });
    Ok(service.list(caller, &filter).await?.tasks.into_iter().next())
}
