//! Tags, notes, and tasks that start later, on the command line and on the pages.

use crate::fixture::Place;

const RUN: [&str; 4] = ["run", "dataset", "-i", "data=a\n1"];

#[tokio::test]
async fn a_task_is_started_later_with_tags_and_then_now() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let later = [&RUN[..], &["--in", "2h", "--tag", "night", "--tag", "für Ada"]].concat();
    let run = server.run(&place, &later).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let id = run.stdout.trim().to_owned();
    let status = server.run(&place, &["status", &id]).await;
    for part in ["starts   at 20", "UTC, in 1 h 59 min", "tags     night, für Ada"] {
        assert!(status.stdout.contains(part), "{part} is not in {status:?}");
    }
    let noted = server.run(&place, &["note", &id, "asked for by Ada"]).await;
    assert!(noted.stdout.contains("note     asked for by Ada"), "{noted:?}");
    let tagged = server.run(&place, &["tag", &id, "day"]).await;
    assert!(tagged.stdout.contains("tags     day\n"), "{tagged:?}");
    let now = server.run(&place, &["start-now", &id]).await;
    assert_eq!(now.code, Some(0), "{now:?}");
    assert_eq!(server.run(&place, &["wait", &id]).await.code, Some(0));
    assert_eq!(server.run(&place, &["start-now", &id]).await.code, Some(2));
}

#[tokio::test]
async fn a_time_and_a_duration_are_checked() {
    let place = Place::new();
    let server = place.serve(&["--no-worker"], &[]).await;
    for wrong in
        [&["--in", "soon"][..], &["--at", "noon"], &["--in", "1h", "--at", "2030-01-01T00:00:00Z"]]
    {
        let run = server.run(&place, &[&RUN[..], wrong].concat()).await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
    }
    let at = server.run(&place, &[&RUN[..], &["--at", "2001-01-01T00:00:00Z"]].concat()).await;
    let status = server.run(&place, &["status", at.stdout.trim()]).await;
    assert!(!status.stdout.contains("starts"), "a time in the past is now: {status:?}");
}
