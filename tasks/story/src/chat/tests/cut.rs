//! Replies that break off, and what the endpoint says besides.

use super::{
    super::reply::{End, Reader},
    *,
};

fn written(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

async fn failure(parts: &[String]) -> NarratorError {
    let server = Server::start(vec![Step::stream(parts)]).await;
    let bench = Bench::new(&server, |settings| settings.retries = 0);
    bench.chapter().await.unwrap_err()
}

#[tokio::test]
async fn a_reply_that_breaks_off_tells_what_the_endpoint_said() {
    for (said, code, words) in [
        (
            "data: {\"detail\":\"The worker was stopped\"}\n\n",
            "narrator_cut",
            "The worker was stopped",
        ),
        (
            "data: {\"message\":\"The worker was stopped\"}\n\n",
            "narrator_cut",
            "The worker was stopped",
        ),
        ("data: The worker was stopped\n\n", "narrator_cut", "The worker was stopped"),
        ("The worker was stopped\n\n", "narrator_cut", "The worker was stopped"),
        ("data: Internal Server Error\n\n", "narrator_failed", "Internal Server Error"),
        ("Internal Server Error", "narrator_failed", "Internal Server Error"),
        (
            "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>x</body>\n</html>\n",
            "narrator_failed",
            "502 Bad Gateway",
        ),
        (
            "data: <html><title>504 Gateway Time-out</title></html>\n\n",
            "narrator_failed",
            "504 Gateway",
        ),
        ("data: {\"detail\":\"CUDA out of memory\"}\n\n", "narrator_memory", "CUDA out of memory"),
        (
            "data: {\"detail\":\"The worker was stopped\"}\n\ndata: {\"type\":\"ping\"}\n\n: ping\n\n",
            "narrator_cut",
            "The worker was stopped",
        ),
        (
            ": ping\n\nid: 7\nretry: 10\n\ndata: {\"type\":\"ping\"}\n\n",
            "narrator_cut",
            "in the middle",
        ),
    ] {
        let error = failure(&[written("It rose and"), said.to_owned()]).await;
        assert_eq!(error.code(), code, "{said}: {error}");
        assert!(error.to_string().contains(words), "{said}: {error}");
    }
}

#[test]
fn a_stream_that_was_lost_before_the_reply_tells_what_was_said() {
    let mut reader = Reader::new(u64::MAX);
    reader.push(b"data: {\"status\":\"queued\",\"message\":\"You are third in line\"}\n\n");
    let reply = reader.end(false);
    assert_eq!(reply.end, End::Cut);
    assert_eq!(reply.said.unwrap().message, "You are third in line");
}

#[tokio::test]
async fn what_is_said_besides_a_whole_reply_does_no_harm() {
    let stop = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    for said in [
        "data: {\"status\":\"queued\",\"message\":\"You are third in line\"}\n\n",
        "data: Internal Server Error\n\n",
        "<html><title>502 Bad Gateway</title></html>\n\n",
    ] {
        let parts = [said.to_owned(), written("It rose."), said.to_owned(), stop.to_owned()];
        let server = Server::start(vec![Step::stream(&parts)]).await;
        let bench = Bench::new(&server, |settings| settings.retries = 0);
        assert_eq!(bench.chapter().await.unwrap(), "It rose.", "{said}");
    }
}

#[tokio::test]
async fn an_error_without_words_tells_its_code() {
    for (body, words) in [
        (r#"{"error":{"message":"","code":"bad_thing"}}"#, "only the code bad_thing"),
        (r#"{"error":{"message":null,"type":"bad_thing"}}"#, "only the code bad_thing"),
        (r#"{"error":{"code":1302}}"#, "only the code 1302"),
        (r#"{"error":400}"#, "only the code 400"),
        (r#"{"error":{}}"#, "it gave no reason"),
    ] {
        let server = Server::start(vec![Step::status(400, &[], body)]).await;
        let bench = Bench::new(&server, |settings| settings.retries = 0);
        let error = bench.chapter().await.unwrap_err().to_string();
        assert!(error.contains(words), "{body}: {error}");
    }
    let error = failure(&["data: {\"error\":400}\n\n".to_owned()]).await.to_string();
    assert!(error.contains("(400)") && error.contains("code 400"), "{error}");
}
