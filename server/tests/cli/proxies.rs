//! Behind nginx, as Debian configures it: answers that come before the body was read arrive, and an
//! error about the host names what the proxy must pass on.

use std::{process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

use crate::{
    fixture::{Place, Server},
    raw::Raw,
};

pub(crate) struct Nginx {
    pub(crate) url: String,
    _child: Child,
}

/// Nginx in front of the server, with these lines for the location.
pub(crate) async fn nginx(place: &Place, server: &Server, lines: &str) -> Option<Nginx> {
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
        .into_iter()
        .find(|it| std::fs::exists(it).unwrap_or_default());
    let Some(program) = program else {
        println!("not run: there is no nginx here (apt-get install nginx-light)");
        return None;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = place.path("");
    let folder = folder.display();
    let file = place.write(
        "nginx.conf",
        &format!(
            "user root; worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n\
             events {{}}\nhttp {{ access_log off; client_max_body_size 100m;\n\
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {}; {lines} }} }} }}\n",
            server.url
        ),
    );
    let mut command = Command::new(program);
    command.arg("-c").arg(&file).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), listens).await.expect("nginx listens");
    Some(Nginx { url: format!("http://127.0.0.1:{port}"), _child: child })
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_comes_through_nginx() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let Some(nginx) = nginx(&place, &server, "").await else { return };
    let body = vec![b'x'; 20_000_000];
    for (line, headers, status) in [
        ("POST /api/v1/tasks", "Content-Type: application/json\r\n", 413),
        ("POST /api/task/start", "", 413),
        ("POST /start/dataset", "Content-Type: application/x-www-form-urlencoded\r\n", 413),
        ("POST /api/v1/uploads?unknown=x", "", 400),
        ("POST /api/v1/tasks", "Origin: https://evil.example\r\n", 403),
        ("PUT /healthz", "", 405),
    ] {
        for _ in 0..5 {
            let head = format!(
                "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            let mut raw = Raw::at(&nginx.url).await;
            raw.write(&[head.as_bytes(), &body].concat()).await;
            let answer = raw.answer().await;
            assert_eq!(answer.status, status, "{line} {headers}: {answer:?}");
        }
    }
    let large = place.write("large.csv", &"1,2\n".repeat(800_000));
    let mut command =
        place.milepost(&["run", "dataset", "-i", &format!("data=@{}", large.display())]);
    command.env("MILEPOST_URL", &nginx.url);
    let said = crate::fixture::Said::of(command).await;
    said.is_refused_with("The body has more than 2 MiB (http.max_body_bytes)");
}

#[tokio::test]
async fn a_host_that_nginx_hides_is_told_with_the_line_that_is_missing() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    let start = |host: &str| {
        let body = r#"{"kind":"dataset","input":{"data":"a\n1\n"}}"#;
        format!(
            "POST /api/v1/tasks HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let Some(hiding) = nginx(&place, &server, "").await else { return };
    let mut raw = Raw::at(&hiding.url).await;
    raw.write(start("localhost").as_bytes()).await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.body.contains("proxy_set_header Host $http_host"), "{answer:?}");
    drop(hiding);
    let passing = nginx(&place, &server, "proxy_set_header Host $http_host;").await.unwrap();
    let mut raw = Raw::at(&passing.url).await;
    raw.write(start("localhost").as_bytes()).await;
    assert_eq!(raw.answer().await.status, 202);
}
