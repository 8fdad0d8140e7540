//! A server behind a proxy that names the user, and those who ask it.

use milepost::engine::store::TokenScope;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::rows::{Act, Row};
use crate::{
    fixture::{Place, Server},
    raw::{Answer, Raw},
};

/// Kinds: one ends at once with a file, one waits in the queue, one fails, one is for ada alone.
const CONFIG: &str = r#"
[auth]
mode = "proxy"
admins = ["root", "group:ops"]
viewers = ["eve", "group:audit"]
proxy.trusted = ["127.0.0.1"]

[engine]
max_queued_per_owner = 1000
max_shares = 10000

[commands.quick]
argv = ["sh", "-c", "echo made > out.txt; sleep {pause}"]
results = ["*.txt"]
[commands.quick.params.pause]
type = "integer"
default = 0

[commands.slow]
argv = ["sleep", "600"]
at_most = "1/d"

[commands.fail]
argv = ["false"]

[commands.secret]
argv = ["true"]
allow = ["ada"]
"#;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Owner,
    Other,
    Viewer,
    Admin,
    /// A request in which the proxy names nobody.
    Anonymous,
    /// A request from elsewhere that names an admin.
    Foreign,
    /// Somebody without a name who opened a share link of the owner, which may cancel or not.
    Link {
        may_cancel: bool,
    },
    /// A token of the owner with this scope alone.
    Token(TokenScope),
    /// A token of an admin, to read and to act as one.
    AdminToken,
    /// A token of a viewer, to read.
    ViewerToken,
    /// A token that was removed, one that has expired, and one that never was.
    RemovedToken,
    ExpiredToken,
    WrongToken,
}

pub(super) const PEOPLE: [Who; 6] =
    [Who::Other, Who::Viewer, Who::Anonymous, Who::Foreign, Who::Admin, Who::Owner];

pub(super) const LINKS: [Who; 2] =
    [Who::Link { may_cancel: false }, Who::Link { may_cancel: true }];

pub(super) const TOKENS: [Who; 9] = [
    Who::RemovedToken,
    Who::ExpiredToken,
    Who::WrongToken,
    Who::Token(TokenScope::Read),
    Who::Token(TokenScope::Start),
    Who::Token(TokenScope::Cancel),
    Who::Token(TokenScope::Admin),
    Who::AdminToken,
    Who::ViewerToken,
];

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// 401
    Unknown,
    /// 403
    Forbidden,
    /// As if there were no such thing.
    Hidden,
}

/// The rule: what each may do.
pub(super) fn expected(row: &Row, who: Who) -> Verdict {
    let needs = row.needs();
    match (who, row.act) {
        (Who::RemovedToken | Who::ExpiredToken | Who::WrongToken, _) => Verdict::Unknown,
        (Who::Anonymous | Who::Foreign, _) => Verdict::Unknown,
        (Who::Link { may_cancel }, _) => expected_by_link(row, may_cancel),
        (_, Act::SignIn) => Verdict::Hidden,
        (Who::Admin | Who::AdminToken, Act::Operate | Act::SeeAll) => Verdict::Allowed,
        (Who::Viewer | Who::ViewerToken, Act::SeeAll) => Verdict::Allowed,
        (_, Act::Operate | Act::SeeAll) => Verdict::Forbidden,
        (Who::Token(scope), _) if needs.is_none_or(|needs| needs == scope) => Verdict::Allowed,
        (Who::AdminToken, _)
            if needs.is_none_or(|it| matches!(it, TokenScope::Read | TokenScope::Admin)) =>
        {
            expected(row, Who::Admin)
        }
        (Who::ViewerToken, _) if needs.is_none_or(|needs| needs == TokenScope::Read) => {
            expected(row, Who::Viewer)
        }
        (Who::Token(_) | Who::AdminToken | Who::ViewerToken, _) => Verdict::Forbidden,
        (Who::Owner, _) | (_, Act::Anybody) | (Who::Admin, Act::See | Act::Change | Act::Kind) => {
            Verdict::Allowed
        }
        (Who::Viewer, Act::See) => Verdict::Allowed,
        (Who::Viewer, Act::Change) => Verdict::Forbidden,
        (Who::Other | Who::Viewer, Act::Kind)
        | (Who::Other | Who::Viewer | Who::Admin, Act::Own)
        | (Who::Other, Act::See | Act::Change) => Verdict::Hidden,
    }
}

/// What a share link permits: to follow what it leads to, to cancel it if it says so, and the pages
/// that concern nobody's tasks.
fn expected_by_link(row: &Row, may_cancel: bool) -> Verdict {
    let is_page = !row.path.starts_with("/api/");
    match row.act {
        Act::See => Verdict::Allowed,
        Act::Change if may_cancel && row.path.contains("cancel") => Verdict::Allowed,
        Act::Change | Act::Operate | Act::SeeAll => Verdict::Forbidden,
        // What needs a session or a name.
        _ if row.path.starts_with("/account") => Verdict::Unknown,
        Act::Anybody if row.path.starts_with("/api/v1/account") => Verdict::Forbidden,
        Act::Own | Act::SignIn => Verdict::Hidden,
        // There is no kind for them.
        Act::Kind if row.method == "GET" || is_page => Verdict::Hidden,
        Act::Anybody if row.path == "/api/fn/start_task" => Verdict::Hidden,
        Act::Anybody if row.method == "GET" || is_page => Verdict::Allowed,
        Act::Kind | Act::Anybody => Verdict::Forbidden,
    }
}

pub(super) struct World {
    pub(super) place: Place,
    pub(super) server: Server,
    pub(super) ended: String,
    pub(super) tokens: Vec<(Who, String)>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these variables of the server.
    pub(super) async fn with(variables: &[(&str, &str)]) -> Self {
        let place = Place::with_research();
        place.write("milepost.toml", CONFIG);
        let server = place.serve(&[], variables).await;
        let (ended, tokens) = (String::new(), Vec::new());
        let mut world = Self { place, server, ended, tokens };
        world.make_tokens().await;
        world.ended = world.start("quick").await;
        let path = format!("/api/v1/tasks/{}", world.ended);
        let wait = &[("Prefer", "wait=20; until=end")];
        for _ in 0..3 {
            let answer = world.ask(Who::Owner, "GET", &path, "", "", wait).await;
            if json_of(&answer)["status"] == "completed" {
                return world;
            }
        }
        panic!("it has not ended: {}", world.place.log());
    }

    /// Makes tokens by the command line, beside the server that runs.
    async fn make_tokens(&mut self) {
        let scopes = [TokenScope::Read, TokenScope::Start, TokenScope::Cancel, TokenScope::Admin];
        for scope in scopes {
            let token =
                self.token(&["one scope", "--user", "ada", "--scope", scope.as_str()]).await;
            self.tokens.push((Who::Token(scope), token));
        }
        let admin = ["admin", "--user", "root", "--scope", "read", "--scope", "admin"];
        let admin = self.token(&admin).await;
        self.tokens.push((Who::AdminToken, admin));
        let viewer = self.token(&["viewer", "--user", "eve", "--scope", "read"]).await;
        self.tokens.push((Who::ViewerToken, viewer));
        for (who, name) in [(Who::RemovedToken, "removed"), (Who::ExpiredToken, "expired")] {
            let token = self.token(&[name, "--user", "ada"]).await;
            self.tokens.push((who, token));
        }
        self.tokens.push((Who::WrongToken, format!("mp_{}", "0".repeat(64))));
        let list = self.place.run(&["token", "ls", "--json"]).await;
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        let id = |name: &str| {
            let tokens = list["tokens"].as_array().unwrap();
            let token = tokens.iter().find(|token| token["name"] == name).unwrap();
            token["id"].as_str().unwrap().to_owned()
        };
        let removed = self.place.run(&["token", "rm", &id("removed")]).await;
        assert_eq!(removed.code, Some(0), "{removed:?}");
        let url = format!("sqlite://{}", self.place.path("data/milepost.db").display());
        let mut file = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let expire = sqlx::query("UPDATE tokens SET expires_at = 1 WHERE id = $1");
        expire.bind(id("expired")).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    }

    /// The id of another token of the owner.
    async fn token_id(&self) -> String {
        let add = ["token", "add", "one to remove", "--user", "ada", "--json"];
        let said = self.place.run(&add).await;
        let token: Value = serde_json::from_str(&said.stdout).unwrap();
        token["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn token(&self, arguments: &[&str]) -> String {
        let said = self.place.run(&[&["token", "add"], arguments].concat()).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        said.stdout.trim().to_owned()
    }

    /// Sends a request as the proxy passes it on, or with a token.
    pub(super) async fn ask(
        &self,
        who: Who,
        method: &str,
        path: &str,
        media: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (ip, user) = match who {
            Who::Owner => ([127, 0, 0, 1], "ada"),
            Who::Other => ([127, 0, 0, 1], "bob"),
            Who::Viewer => ([127, 0, 0, 1], "eve"),
            Who::Admin => ([127, 0, 0, 1], "root"),
            Who::Anonymous | Who::Link { .. } => ([127, 0, 0, 1], ""),
            Who::Foreign => ([127, 0, 0, 2], "root"),
            _ => ([127, 0, 0, 3], ""),
        };
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nRemote-User: {user}\r\n\
             Content-Length: {}\r\n",
            body.len()
        );
        if !media.is_empty() {
            request.push_str(&format!("Content-Type: {media}\r\n"));
        }
        if let Some((_, token)) = self.tokens.iter().find(|(known, _)| *known == who) {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut raw = Raw::from(ip, &self.server).await;
        raw.write(format!("{request}\r\n{body}").as_bytes()).await;
        if method == "HEAD" { raw.head().await } else { raw.answer().await }
    }

    /// Starts a task of the owner.
    pub(super) async fn start(&self, kind: &str) -> String {
        let body = json!({ "kind": kind, "input": {} }).to_string();
        let answer =
            self.ask(Who::Owner, "POST", "/api/v1/tasks", "application/json", &body, &[]).await;
        id_of(&answer)
    }

    pub(super) async fn batch(&self, kind: &str) -> String {
        let body = json!({ "kind": kind, "inputs": [{}] }).to_string();
        let answer =
            self.ask(Who::Owner, "POST", "/api/v1/batches", "application/json", &body, &[]).await;
        id_of(&answer)
    }

    async fn upload(&self) -> String {
        let answer = self.ask(Who::Owner, "POST", "/api/v1/uploads", "text/plain", "x", &[]).await;
        id_of(&answer)
    }

    /// The id that a row is about; fresh where the row changes it.
    pub(super) async fn subject(&self, row: &Row) -> String {
        match row.about {
            "" => String::new(),
            "ended" => self.ended.clone(),
            "waiting" => self.start("slow").await,
            "batch" => self.batch("slow").await,
            "upload" => self.upload().await,
            "token" => self.token_id().await,
            other => panic!("{other}"),
        }
    }

    /// A link of the owner to a task or a batch: its id and its token.
    pub(super) async fn link(&self, path: &str, may_cancel: bool) -> (String, String) {
        let body = json!({ "cancel": may_cancel }).to_string();
        let path = format!("/api/v1/{path}/shares");
        let made = self.ask(Who::Owner, "POST", &path, "application/json", &body, &[]).await;
        let url = json_of(&made)["url"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
        (id_of(&made), url.strip_prefix("http://localhost/s/").unwrap().to_owned())
    }

    /// The path with a link in the places of one, and the cookie of who came by one.
    async fn linked(
        &self,
        who: Who,
        row: &Row,
        id: &str,
        path: String,
    ) -> (String, Option<String>) {
        let subject = match row.about {
            "ended" | "waiting" => format!("tasks/{id}"),
            "batch" => format!("batches/{id}"),
            _ => format!("tasks/{}", self.ended),
        };
        let may_cancel = who == Who::Link { may_cancel: true };
        let needs_link = path.contains("{share_id}") || path.contains("{token}");
        if !needs_link && !matches!(who, Who::Link { .. }) {
            return (path, None);
        }
        let (share, token) = self.link(&subject, may_cancel).await;
        let path = path.replace("{share_id}", &share).replace("{token}", &token);
        (path, matches!(who, Who::Link { .. }).then(|| format!("milepost_shares={token}")))
    }

    /// Sends a row's request.
    pub(super) async fn send(
        &self,
        who: Who,
        row: &Row,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let media = match body.as_bytes() {
            [b'{', ..] => "application/json",
            _ if row.method == "POST" => "application/x-www-form-urlencoded",
            _ => "",
        };
        self.ask(who, row.method, path, media, body, headers).await
    }

    /// How a row's request is answered, after the redirect of a form.
    pub(super) async fn verdict(&self, who: Who, row: &Row, id: &str) -> Verdict {
        let (path, cookie) = self.linked(who, row, id, row.path_of(id)).await;
        let headers: Vec<_> = cookie.iter().map(|cookie| ("Cookie", cookie.as_str())).collect();
        let mut answer = self.send(who, row, &path, &row.body.replace("{id}", id), &headers).await;
        if answer.status == 303 {
            let there = format!("/{}", answer.header("location").trim_start_matches(['.', '/']));
            answer = self.ask(who, "GET", &there, "", "", &headers).await;
        }
        match answer.status {
            401 => Verdict::Unknown,
            403 => Verdict::Forbidden,
            404 => Verdict::Hidden,
            400 if answer.body.contains("unknown_kind") => Verdict::Hidden,
            _ if answer.body.contains("\"reason\":\"not_found\"") => Verdict::Hidden,
            200..=299 | 409 => Verdict::Allowed,
            status => panic!("{who:?} {} {path}: {status} {}", row.method, answer.body),
        }
    }
}

pub(super) fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

pub(super) fn id_of(answer: &Answer) -> String {
    json_of(answer)["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}
