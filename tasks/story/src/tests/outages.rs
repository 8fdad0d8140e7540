//! Stories whose endpoint fails: what they outlive, what is paid, and what a rerun takes along.

use super::*;

/// Quick delays: a second of an outage is a hundredth of one here.
fn quick(server: &Server) -> NarratorSettings {
    NarratorSettings { retries: 1, max_wait_s: 0.01, ..endpoint(server) }
}

fn loading() -> Step {
    Step::status(503, &[], r#"{"error":{"code":503,"message":"Loading model"}}"#)
}

#[tokio::test]
async fn a_story_outlives_an_endpoint_that_loads_its_model_for_long() {
    let mut steps: Vec<Step> = (0..12).map(|_| loading()).collect();
    steps.push(Step::stream(&reply(OUTLINE, 100)));
    steps.extend((0..12).map(|_| loading()));
    steps.push(Step::stream(&reply("Ada walked on the mud.", 200)));
    steps.push(Step::stream(&reply("The moon was up.", 300)));
    let server = Server::start(steps).await;
    let house = House::new(0.0, quick(&server)).await;
    let id = house.start().await;
    let text = |s: &Snapshot| s.message.as_deref().is_some_and(|it| it.contains("Loading model"));
    house.until(id, |s| s.status == Status::Queued && text(s)).await;
    let snapshot = house.end(id).await;
    assert_eq!((snapshot.status, snapshot.attempt), (Status::Completed, 1), "{snapshot:#?}");
    let log = house.log(id).await;
    assert_eq!(log.matches("[narrator_loading]").count(), 24, "{log}");
}

#[tokio::test]
async fn an_outage_that_does_not_end_is_given_up_and_a_new_start_may_help() {
    let server = Server::start((0..200).map(|_| loading()).collect()).await;
    let settings = NarratorSettings { outage_s: 0.05, ..quick(&server) };
    let house = House::new(0.0, settings).await;
    let id = house.start().await;
    let failure = house.end(id).await.error.unwrap();
    assert_eq!((failure.code.as_str(), failure.retryable), ("narrator_loading", true));
    assert!(failure.message.contains("given up after"), "{failure:?}");
}

#[tokio::test]
async fn replies_that_break_off_are_counted_for_each_chapter() {
    let broken = || Step::stream(&[event("The moon was")]);
    let steps = vec![
        broken(),
        Step::stream(&reply(OUTLINE, 100)),
        broken(),
        Step::stream(&reply("Ada walked on the mud.", 200)),
        broken(),
        Step::stream(&reply("The moon was up.", 300)),
    ];
    let server = Server::start(steps).await;
    let house = House::new(0.0, quick(&server)).await;
    let id = house.start().await;
    assert_eq!(house.end(id).await.status, Status::Completed);
    let server = Server::start((0..20).map(|_| broken()).collect()).await;
    let house = House::new(0.0, quick(&server)).await;
    let id = house.start().await;
    assert_eq!(house.end(id).await.error.unwrap().code, "narrator_cut");
    assert_eq!(server.seen().len(), 2, "one more than narrator.retries");
}

#[tokio::test]
async fn a_rerun_takes_finished_chapters_along_and_has_a_budget_of_its_own() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 1_000)),
        Step::stream(&reply("Ada walked on the mud.", 1_000)),
        Step::status(401, &[], "{}"),
        Step::stream(&reply("The moon was up.", 1_000)),
    ];
    let server = Server::start(steps).await;
    let house =
        House::new(0.0, NarratorSettings { token_budget: 2_500, ..endpoint(&server) }).await;
    let id = house.start().await;
    let failure = house.end(id).await.error.unwrap();
    assert_eq!((failure.code.as_str(), failure.retryable), ("narrator_key", true));
    let rerun = house.service.rerun(&house.ada, id, None).await.unwrap().unwrap().receipt.id;
    let snapshot = house.end(rerun).await;
    assert_eq!(snapshot.status, Status::Completed, "{snapshot:#?}");
    assert_eq!(server.seen().len(), 4, "outline and first chapter are not paid again");
    let story = house.result(rerun).await;
    assert!(story.contains("Ada walked on the mud.") && story.contains("The moon was up."));
    assert!(house.log(rerun).await.contains("Going on after chapter 1 of 2."));
}

#[tokio::test]
async fn a_rerun_with_another_model_begins_anew() {
    let steps = vec![
        Step::stream(&reply(OUTLINE, 10)),
        Step::stream(&reply("Ada walked on the mud.", 10)),
        Step::status(401, &[], "{}"),
    ];
    let server = Server::start(steps).await;
    let house = House::new(0.0, endpoint(&server)).await;
    let id = house.start().await;
    house.end(id).await;
    fs::write(house.file("research.md"), RESEARCH.replace("six", "seven")).unwrap();
    let rerun = house.service.rerun(&house.ada, id, None).await.unwrap().unwrap().receipt.id;
    house.end(rerun).await;
    assert_eq!(server.seen().len(), 4, "another research file is another story");
}

#[tokio::test]
async fn a_page_says_that_the_model_thinks() {
    let thinking =
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm, hm, hm, hm.\"}}]}\n\n";
    let (hang, _dropped) = Step::hang(&[thinking.to_owned()]);
    let server = Server::start(vec![hang]).await;
    let house = House::new(0.0, endpoint(&server)).await;
    let id = house.start().await;
    let text = "Outlining the story: the model is thinking, 4 tokens";
    house.until(id, |s| s.message.as_deref() == Some(text)).await;
    house.service.cancel(&house.ada, id).await.unwrap();
    house.end(id).await;
}
