//! Names that another site can make mean this server are not answered.

use crate::{
    fixture::{Place, Server},
    raw::{ask, get},
};

/// A server for a network, on each address.
async fn open(place: &Place, variables: &[(&str, &str)]) -> Server {
    let command = place.milepost(&["serve", "--addr", "0.0.0.0:0", "--open", "--no-worker"]);
    place.serve_by(command, variables).await
}

#[tokio::test]
async fn a_server_for_a_network_answers_to_addresses_and_short_names_only() {
    let place = Place::new();
    let server = open(&place, &[]).await;
    for path in ["/", "/api/v1/kinds", "/api/openapi.json", "/healthz", "/readyz", "/metrics"] {
        for host in [
            "127.0.0.1:3000",
            "127.0.0.1.",
            "[::1]:3000",
            "192.0.2.7",
            "nas",
            "NAS:3000",
            "localhost.",
            "tasks.localhost",
            // Of digits alone: a browser makes the address of it and sends that.
            "2130706433",
        ] {
            let answer = ask(&server, &get(path, host)).await;
            assert_eq!(answer.status, 200, "{path} {host}: {answer:?}");
        }
        for host in ["evil.example", "EVIL.example.:3000", "127.0.0.1.evil.example", "nas.lan"] {
            let answer = ask(&server, &get(path, host)).await;
            assert_eq!(answer.status, 421, "{path} {host}: {answer:?}");
            assert!(answer.body.contains("http.public_origins"), "{answer:?}");
        }
        for wrong in ["user@nas", "nas:x", "a b", "[::1"] {
            let answer = ask(&server, &get(path, wrong)).await;
            assert_eq!(answer.status, 400, "{path} {wrong}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_request_names_one_host_whatever_its_form() {
    let place = Place::new();
    let server = open(&place, &[]).await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: nas\r\nHost: nas\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: nas\r\nHost: evil.example\r\n\r\n", 400),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: nas\r\n\r\n", 421),
        ("GET http://nas/ HTTP/1.1\r\nHost: nas\r\nConnection: close\r\n\r\n", 200),
        // Only monitors need not name a host.
        ("GET / HTTP/1.0\r\n\r\n", 421),
        ("GET / HTTP/1.0\r\nHost:\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 421),
        ("GET / HTTP/1.0\r\nHost: nas\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
    ] {
        let answer = ask(&server, request.as_bytes()).await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
    }
}

#[tokio::test]
async fn a_page_of_a_rebound_name_starts_nothing() {
    let place = Place::new();
    let server = open(&place, &[]).await;
    let body = r#"{"kind": "dataset", "input": {"data": "a"}}"#;
    let start = |host: &str, origin: &str| {
        format!(
            "POST /api/v1/tasks HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{origin}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (host, origin, status) in [
        ("evil.example:3000", "evil.example:3000", 421),
        ("192.0.2.7:3000", "evil.example:3000", 403),
        ("192.0.2.7:3000", "192.0.2.7:3000", 202),
        ("nas", "NAS.:80", 202),
    ] {
        let answer = ask(&server, start(host, origin).as_bytes()).await;
        assert_eq!(answer.status, status, "{host} {origin}: {answer:?}");
    }
}

#[tokio::test]
async fn behind_a_name_only_that_name_is_answered_and_monitors_by_address() {
    let place = Place::new();
    let origins = ("MILEPOST_HTTP_PUBLIC_ORIGINS", "https://Tasks.example.org:443");
    let server = open(&place, &[origins]).await;
    assert_eq!(ask(&server, &get("/", "tasks.example.org")).await.status, 200);
    assert_eq!(ask(&server, &get("/", "192.0.2.7")).await.status, 421);
    assert_eq!(ask(&server, &get("/healthz", "192.0.2.7:3000")).await.status, 200);
    assert_eq!(ask(&server, b"GET /readyz HTTP/1.0\r\n\r\n").await.status, 200);
    assert_eq!(ask(&server, &get("/metrics", "evil.example")).await.status, 421);
}

#[tokio::test]
async fn the_operator_is_told_who_can_start_what() {
    let place = Place::new();
    let server = open(&place, &[]).await;
    let port = server.url.rsplit(':').next().unwrap();
    let line = format!(
        "listening on 0.0.0.0:{port}: everybody who reaches this machine on port {port} can open it and \
         start story and dataset; http.public_origins is not set"
    );
    assert!(place.log().contains(&line), "{}", place.log());
}

#[tokio::test]
async fn monitors_may_have_an_address_of_their_own() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let addr = free.to_string();
    let server = place.serve(&["--no-worker"], &[("MILEPOST_HTTP_METRICS_ADDR", &addr)]).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(&server, &get(path, "localhost")).await.status, 404, "{path}");
        let answer = reqwest::get(format!("http://{addr}{path}")).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let elsewhere = reqwest::get(format!("http://{addr}/api/v1/kinds")).await.unwrap();
    assert_eq!(elsewhere.status(), 404);
    assert_eq!(server.stop().await.0.code(), Some(0));
}
