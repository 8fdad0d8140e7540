//! Lists of an owner's tasks.
//!
//! Each page begins in an index at its cursor. Where only the rows can tell whether a task belongs to
//! the list, as with words of the title, a page examines a limited number of them; the next one goes
//! on behind the last that was examined.

use super::{DbRow, This, map, statements::columns};
use crate::{
    engine::store::{ListQuery, Row, StoreError, search_text::searchable},
    task::TaskId,
};

/// The tasks of owner $1 before $2 and $3, newest first, at most $4.
macro_rules! newest {
    ($filter:literal) => {
        concat!(
            " FROM tasks WHERE owner = $1 AND (created_at, id) < ($2, $3)",
            $filter,
            " ORDER BY created_at DESC, id DESC LIMIT $4"
        )
    };
}

/// Of the newest $4, those that `$matches`, at most $5.
macro_rules! matching {
    ($filter:literal, $more:literal, $matches:expr) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM (SELECT id AS hit FROM (SELECT id, search_title",
            $more,
            newest!($filter),
            ") AS examined WHERE ",
            $matches,
            " LIMIT $5) AS hits ",
            task_of_each!("hits.hit"),
            " ORDER BY created_at DESC, id DESC"
        )
    };
}

pub(super) const LIST: &str = concat!("SELECT ", columns!(), newest!(""));
pub(super) const LIST_BY_STATUS: &str = concat!("SELECT ", columns!(), newest!(" AND status = $5"));
pub(super) const LIST_BY_KIND: &str = concat!("SELECT ", columns!(), newest!(" AND kind = $5"));

/// With words $6.
pub(super) const SEARCH: &str = matching!("", "", contains!("search_title", "$6"));
/// Of kind $7.
pub(super) const SEARCH_BY_KIND: &str =
    matching!(" AND kind = $7", "", contains!("search_title", "$6"));
/// With status $7 and of kind $8, each if it is given.
pub(super) const SEARCH_BY_STATUS: &str = matching!(
    " AND status = $7",
    ", kind",
    concat!("($6 IS NULL OR ", contains!("search_title", "$6"), ") AND ($8 IS NULL OR kind = $8)")
);

/// The last of the examined tasks, if there are so many: as `newest!`, but only behind $4 others.
macro_rules! last_examined {
    ($filter:literal) => {
        concat!(
            "SELECT created_at, id FROM tasks WHERE owner = $1 AND (created_at, id) < ($2, $3)",
            $filter,
            " ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET $4"
        )
    };
}
pub(super) const LAST_EXAMINED: &str = last_examined!("");
pub(super) const LAST_EXAMINED_BY_STATUS: &str = last_examined!(" AND status = $5");
pub(super) const LAST_EXAMINED_BY_KIND: &str = last_examined!(" AND kind = $5");

/// The tagged tasks of owner $1 before $2 and $3, newest first, at most $4; the tag is `$tag`.
macro_rules! tagged {
    ($tag:literal) => {
        concat!(
            " FROM task_tags WHERE owner = $1 AND tag = ",
            $tag,
            " AND (created_at, task_id) < ($2, $3) ORDER BY created_at DESC, task_id DESC"
        )
    };
}

/// Of the newest $4 with tag $9 those with words $6, with status $7 and of kind $8, each if it is given; at most $5.
pub(super) const SEARCH_BY_TAG: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT tasks.id AS hit FROM (SELECT task_id",
    tagged!("$9"),
    " LIMIT $4) AS examined ",
    task_of_each!("examined.task_id"),
    " WHERE ($6 IS NULL OR ",
    contains!("search_title", "$6"),
    ") AND ($7 IS NULL OR status = $7) AND ($8 IS NULL OR kind = $8)",
    " ORDER BY tasks.created_at DESC, tasks.id DESC LIMIT $5) AS hits ",
    task_of_each!("hits.hit"),
    " ORDER BY created_at DESC, id DESC"
);
pub(super) const LAST_EXAMINED_BY_TAG: &str =
    concat!("SELECT created_at, task_id AS id", tagged!("$5"), " LIMIT 1 OFFSET $4");

/// Whether the rows of this list have to be examined.
fn is_search(query: &ListQuery) -> bool {
    query.tag.is_some() || query.q.is_some() || (query.status.is_some() && query.kind.is_some())
}

/// Neither a title nor a tag ever contains it.
fn is_impossible(query: &ListQuery) -> bool {
    [&query.q, &query.tag].into_iter().flatten().any(|text| text.contains('\0'))
}

fn before(query: &ListQuery) -> (i64, String) {
    query.before.map_or((i64::MAX, String::new()), |(at, id)| (at, id.to_string()))
}

impl This {
    pub(super) async fn read_list(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        if is_impossible(query) {
            return Ok(Vec::new());
        }
        let (at, id) = before(query);
        let status = query.status.map(|status| status.as_str());
        let (limit, kind) = (i64::from(query.limit), query.kind.as_deref());
        let text = match (is_search(query), status, kind) {
            _ if query.tag.is_some() => SEARCH_BY_TAG,
            (false, None, None) => LIST,
            (false, Some(_), _) => LIST_BY_STATUS,
            (false, None, Some(_)) => LIST_BY_KIND,
            (true, Some(_), _) => SEARCH_BY_STATUS,
            (true, None, Some(_)) => SEARCH_BY_KIND,
            (true, None, None) => SEARCH,
        };
        let statement = sqlx::query(text).bind(&query.owner).bind(at).bind(id);
        let rows = if is_search(query) {
            let q = query.q.as_deref().map(searchable);
            let statement = statement.bind(examined(query)).bind(limit).bind(q);
            match (status, kind) {
                _ if query.tag.is_some() => {
                    self.read_all(statement.bind(status).bind(kind).bind(&query.tag)).await?
                }
                (Some(status), kind) => self.read_all(statement.bind(status).bind(kind)).await?,
                (None, Some(kind)) => self.read_all(statement.bind(kind)).await?,
                (None, None) => self.read_all(statement).await?,
            }
        } else {
            let statement = statement.bind(limit);
            match status.or(kind) {
                Some(filter) => self.read_all(statement.bind(filter)).await?,
                None => self.read_all(statement).await?,
            }
        };
        let now = self.local_now();
        rows.iter().map(|raw| map::row(raw, now)).collect()
    }

    pub(super) async fn read_last_examined(
        &self,
        query: &ListQuery,
    ) -> Result<Option<(i64, TaskId)>, StoreError> {
        if is_impossible(query) || !is_search(query) || query.examine.is_none() {
            return Ok(None);
        }
        let (at, id) = before(query);
        let filter = query.status.map(|status| status.as_str()).or(query.kind.as_deref());
        let filter = query.tag.as_deref().or(filter);
        let text = match (query.status, &query.kind) {
            _ if query.tag.is_some() => LAST_EXAMINED_BY_TAG,
            (Some(_), _) => LAST_EXAMINED_BY_STATUS,
            (None, Some(_)) => LAST_EXAMINED_BY_KIND,
            (None, None) => LAST_EXAMINED,
        };
        let statement = sqlx::query(text).bind(&query.owner).bind(at).bind(id);
        let statement = statement.bind(examined(query).saturating_sub(1));
        let statement = match filter {
            Some(filter) => statement.bind(filter),
            None => statement,
        };
        self.read_first(statement).await?.as_ref().map(position).transpose()
    }
}

fn examined(query: &ListQuery) -> i64 {
    query.examine.map_or(i64::MAX, |rows| i64::from(rows.max(1)))
}

fn position(raw: &DbRow) -> Result<(i64, TaskId), StoreError> {
    use sqlx::Row as _;
    Ok((raw.try_get("created_at")?, map::task_id(raw)?))
}
