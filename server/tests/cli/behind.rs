//! `milepost check --behind URL`, through a real nginx: as it comes, with the recipe of the docs, and
//! with each line of it wrong.

use serde_json::Value;

use crate::{
    fixture::{Place, Said, Server},
    proxies::nginx,
};

/// The recipe of docs/operating.md.
const RECIPE: &str = "proxy_set_header Host $http_host; \
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; \
    proxy_read_timeout 75s; client_max_body_size 0;";

async fn check(place: &Place, args: &[&str], url: &str) -> Said {
    let said = place.run(&[&["check", "--behind", url], args].concat()).await;
    assert_eq!(said.stderr, "", "{said:?}");
    said
}

/// The status and the detail of one of the findings.
async fn finding(place: &Place, url: &str, name: &str) -> (String, String, Option<i32>) {
    let said = check(place, &["--json"], url).await;
    assert_eq!(said.stdout.lines().count(), 1, "{said:?}");
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(report["ok"], said.code == Some(0), "{said:?}");
    let found = checks.iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {report:#}"));
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (text("status"), text("detail"), said.code)
}

async fn server(place: &Place, variables: &[(&str, &str)]) -> Server {
    place.serve(&["--no-worker"], variables).await
}

#[tokio::test]
async fn nginx_as_it_comes_is_told_the_line_that_is_missing() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    let Some(proxy) = nginx(&place, &server, "").await else { return };
    let said = check(&place, &[], &proxy.url).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    let host = said.stdout.lines().find(|line| line.contains("proxy_host")).unwrap();
    assert!(host.starts_with("error "), "{host}");
    for part in [
        "nginx: proxy_set_header Host $http_host;",
        "Apache: ProxyPreserveHost On",
        "Caddy: ",
        "Traefik: passHostHeader: true",
    ] {
        assert!(host.contains(part), "{part} is not in {host}");
    }
    let client = said.stdout.lines().find(|line| line.contains("proxy_client")).unwrap();
    assert!(client.starts_with("warning "), "{client}");
    assert!(client.contains("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"));
}

#[tokio::test]
async fn the_recipe_is_fine_and_a_proxy_that_is_not_trusted_is_told() {
    let place = Place::new();
    let first = server(&place, &[]).await;
    let Some(proxy) = nginx(&place, &first, RECIPE).await else { return };
    let (status, detail, code) = finding(&place, &proxy.url, "proxy_client").await;
    assert_eq!((&*status, code), ("warning", Some(0)), "{detail}");
    assert!(detail.contains("http.trusted_proxies"), "{detail}");
    drop((proxy, first));

    let second = server(&place, &[("MILEPOST_HTTP_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let proxy = nginx(&place, &second, RECIPE).await.unwrap();
    let said = check(&place, &[], &proxy.url).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.lines().all(|line| line.starts_with("ok ")), "{said:?}");
}

#[tokio::test]
async fn each_line_that_is_wrong_is_told_by_itself() {
    let place = Place::new();
    let server = server(&place, &[("MILEPOST_HTTP_TRUSTED_PROXIES", "127.0.0.1")]).await;
    for (lines, name, part) in [
        (
            "proxy_set_header Host $host;",
            "proxy_host",
            "The port is missing: nginx has it in $http_host",
        ),
        ("proxy_set_header Host tasks.internal;", "proxy_host", "and tasks.internal arrives."),
        (
            "proxy_set_header Host $http_host; proxy_set_header Origin https://other.example;",
            "proxy_origin",
            "https://other.example arrives. nginx: remove `proxy_set_header Origin`",
        ),
        (
            "proxy_set_header Host $http_host; proxy_set_header Origin \"\";",
            "proxy_origin",
            "and none arrives.",
        ),
        (
            "proxy_set_header Host $http_host; client_max_body_size 1m;",
            "proxy_body",
            "nginx: client_max_body_size 0;",
        ),
        (
            "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Prefix /tasks;",
            "proxy_prefix",
            "links lead to \"/tasks/\" and not to \"/\"",
        ),
    ] {
        let Some(proxy) = nginx(&place, &server, lines).await else { return };
        let (status, detail, code) = finding(&place, &proxy.url, name).await;
        assert_eq!((&*status, code), ("error", Some(2)), "{lines}: {detail}");
        assert!(detail.contains(part), "{part} is not in {detail}");
    }
}

#[tokio::test]
async fn a_path_that_the_proxy_removes_or_leaves_is_compared_with_the_links() {
    let place = Place::new();
    let root = server(&place, &[]).await;
    let host = "proxy_set_header Host $http_host;";
    let below = |server: &Server, rest: &str| {
        format!("}} location /tools/ {{ proxy_pass {}{rest}; {host}", server.url)
    };
    let Some(proxy) = nginx(&place, &root, &below(&root, "/")).await else { return };
    let url = format!("{}/tools", proxy.url);
    let (status, detail, _) = finding(&place, &url, "proxy_prefix").await;
    assert_eq!(status, "error", "{detail}");
    for part in ["http.base_path = \"/tools\"", "proxy_set_header X-Forwarded-Prefix /tools"] {
        assert!(detail.contains(part), "{part} is not in {detail}");
    }
    drop(proxy);
    let proxy = nginx(&place, &root, &below(&root, "")).await.unwrap();
    let url = format!("{}/tools", proxy.url);
    let (status, detail, _) = finding(&place, &url, "proxy").await;
    assert_eq!(status, "error", "{detail}");
    assert!(detail.contains("Set http.base_path = \"/tools\""), "{detail}");
    drop((proxy, root));

    let nested = server(&place, &[("MILEPOST_HTTP_BASE_PATH", "/tools")]).await;
    for rest in ["", "/"] {
        let proxy = nginx(&place, &nested, &below(&nested, rest)).await.unwrap();
        let url = format!("{}/tools", proxy.url);
        assert_eq!(finding(&place, &url, "proxy_prefix").await.0, "ok");
    }
}

#[tokio::test]
async fn public_origins_do_not_hide_what_is_missing() {
    let place = Place::new();
    let variables = [("MILEPOST_HTTP_PUBLIC_ORIGINS", "https://tasks.example.org")];
    let server = server(&place, &variables).await;
    let Some(proxy) = nginx(&place, &server, "").await else { return };
    // Every page is 421 here; the probe arrives.
    assert_eq!(reqwest::get(&proxy.url).await.unwrap().status(), 421);
    let (status, detail, _) = finding(&place, &proxy.url, "proxy_host").await;
    assert_eq!(status, "error");
    assert!(detail.contains("proxy_set_header Host $http_host;"), "{detail}");
    drop(proxy);
    // With the host the rest is told: the origin is not one of those.
    let proxy = nginx(&place, &server, RECIPE).await.unwrap();
    let (status, detail, _) = finding(&place, &proxy.url, "proxy_start").await;
    assert_eq!(status, "error", "{detail}");
    assert!(detail.contains("http.public_origins"), "{detail}");
}

#[tokio::test]
async fn what_is_no_milepost_is_told() {
    let place = Place::new();
    let server = server(&place, &[]).await;
    let Some(proxy) = nginx(&place, &server, RECIPE).await else { return };
    drop(server);
    let (status, detail, code) = finding(&place, &proxy.url, "proxy").await;
    assert_eq!((&*status, code), ("error", Some(2)));
    assert!(detail.contains("502 Bad Gateway: no server answers behind it"), "{detail}");
    drop(proxy);
    for (url, part) in [
        ("http://127.0.0.1:1", "cannot be reached"),
        ("ftp://x", "Invalid URL"),
        ("tasks.example.org", "Invalid URL"),
    ] {
        let (status, detail, _) = finding(&place, url, "proxy").await;
        assert_eq!(status, "error");
        assert!(detail.contains(part), "{detail}");
    }
}
