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
