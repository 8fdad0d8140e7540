//! `milepost backup`, beside a server that is running.

use std::os::unix::fs::PermissionsExt as _;

use crate::fixture::{Place, Said, arg};

#[tokio::test]
async fn a_copy_made_while_the_server_runs_has_its_tasks() {
    let place = Place::new();
    let server = place.serve(&[], &[]).await;
    let run = ["run", "dataset", "-i", "data=number\n1\n2\n", "--follow"];
    let run = server.run(&place, &run).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let id = run.stdout.trim();

    let copy = place.path("copy.db");
    let backup = place.run(&["backup", arg(&copy)]).await;
    assert_eq!(backup.code, Some(0), "{backup:?}");
    assert!(backup.stdout.contains("copy.db: "), "{backup:?}");
    assert!(backup.stdout.contains("artifacts; copy it after the database"), "{backup:?}");
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "keys are for the owner alone");
    assert!(!place.path("copy.db.part").exists());

    let second = place.run(&["backup", "--json", arg(&place.path("second.db"))]).await;
    let told: serde_json::Value = serde_json::from_str(&second.stdout).unwrap();
    assert!(told["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{second:?}");
    let again = place.run(&["backup", arg(&copy)]).await;
    again.is_refused_with("the file exists");

    let restored = Place::new();
    let data = restored.path("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::copy(&copy, data.join("milepost.db")).unwrap();
    let checked = restored.run(&["check", "--addr", "127.0.0.1:0"]).await;
    assert!(
        checked.stdout.contains("schema version"),
        "before a server has opened it: {checked:?}"
    );
    assert!(!checked.stdout.contains("error"), "{checked:?}");
    let server = restored.serve(&[], &[]).await;
    let result = server.run(&restored, &["result", id]).await;
    assert!(result.stdout.contains("\"rows\":2"), "{result:?}");
}

#[tokio::test]
async fn what_cannot_be_copied_is_one_line() {
    let place = Place::new();
    place.run(&["backup", "copy.db"]).await.is_refused_with("there is no such database");
    let file = place.write("not-a-database", "text");
    let database = format!("sqlite://{}", arg(&file));
    let refused = place.run(&["backup", "--database", &database, "copy.db"]).await;
    refused.is_refused_with("cannot be copied to copy.db");
    assert!(!place.path("copy.db").exists());
    assert!(!place.path("copy.db.part").exists());
    let mut command = place.milepost(&["backup", "copy.db"]);
    command.env("MILEPOST_STORAGE_DATABASE", "postgres://somebody@127.0.0.1:9/x");
    Said::of(command).await.is_refused_with("pg_dump");
}
