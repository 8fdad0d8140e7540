//! What operators see and steer, on the command line and on the page.

use crate::fixture::Place;

#[tokio::test]
async fn a_kind_is_paused_and_resumed() {
    let place = Place::new();
    let server = place
        .serve(
            &[],
            &[("MILEPOST_ENGINE_WORKER_NAME", "west"), ("MILEPOST_AUTH_LOCAL_OPERATOR", "true")],
        )
        .await;
    let paused = server.run(&place, &["pause", "dataset"]).await;
    assert_eq!(
        (paused.code, paused.stdout.as_str()),
        (Some(0), "paused: kind dataset\n"),
        "{paused:?}"
    );
    let id = server.run(&place, &["run", "dataset", "-i", "data=a\n1"]).await.stdout;
    let status = server.run(&place, &["status", id.trim()]).await;
    assert!(status.stdout.contains("paused this kind"), "{status:?}");
    let resumed = server.run(&place, &["resume", "dataset"]).await;
    assert_eq!(resumed.stdout, "nothing is paused\n", "{resumed:?}");
    assert_eq!(server.run(&place, &["wait", id.trim()]).await.code, Some(0));
    for wrong in [&["pause"][..], &["pause", "nothing"], &["pause", "--worker", "east"]] {
        assert_eq!(server.run(&place, wrong).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_page_goes_on_with_the_older_tasks_of_a_filter() {
    let place = Place::new();
    let settings = [
        ("MILEPOST_AUTH_LOCAL_OPERATOR", "true"),
        ("MILEPOST_ENGINE_LIST_ROWS", "1"),
        ("MILEPOST_ENGINE_MAX_LIST_ROWS", "1"),
    ];
    let server = place.serve(&["--no-worker"], &settings).await;
    for _ in 0..2 {
        let run = server.run(&place, &["run", "dataset", "-i", "data=a\n1"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut cursor = String::new();
    for is_last in [false, true] {
        let call = client.post(format!("{}/admin/cancel", server.url));
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let answer = call.body(format!("kind=dataset{cursor}")).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let there = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(there.contains("done=1&refused=0"), "{there}");
        let page = client.get(format!("{}/{}", server.url, there.trim_start_matches('/')));
        let page = page.send().await.unwrap().text().await.unwrap();
        let field = page.split("name=\"cursor\" value=\"").nth(1);
        assert_eq!(field.is_none(), is_last, "{page}");
        if let Some((next, _)) = field.and_then(|field| field.split_once('"')) {
            cursor = format!("&cursor={next}");
        }
    }
}
