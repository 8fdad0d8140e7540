//! The log from the task to those who read it.

use milepost::task::{AnswerReason, LogStream, Snapshot};

use crate::{
    fixture::{Fixture, Step, engine_at, folder, gate, kind, quick, reach},
    long_poll::{after, answer, hold},
};

fn numbered(text: &str, count: usize) -> Vec<Step> {
    (1..=count).map(|number| Step::Log(format!("{text} {number}"))).collect()
}

#[tokio::test]
async fn of_a_long_log_both_ends_are_kept_and_the_gap_is_named() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let id = f.start(&numbered("line", 20)).await;
    f.ended(id).await;
    let log = f.service.log(&f.ada, id, 0).await.unwrap().expect("a log");
    let told: Vec<_> = log.iter().map(|line| (line.left_out, line.text.as_str())).collect();
    let all = [(0, "line 1"), (0, "line 2"), (15, "line 18"), (0, "line 19"), (0, "line 20")];
    assert_eq!(told, all);
    assert!(log.iter().all(|line| line.stream == LogStream::Task));
    let from = log[0].seq;
    let on = f.service.log(&f.ada, id, from).await.unwrap().expect("a log");
    assert_eq!(on, log[1..], "read on by offset");
    let latest = f.service.log_since(&f.ada, id, from, 2).await.unwrap().expect("a log");
    let told: Vec<_> = latest.iter().map(|line| (line.left_out, line.text.as_str())).collect();
    assert_eq!(told, [(17, "line 19"), (0, "line 20")], "what is not here is counted");
    assert!(f.service.log_since(&f.ada, id, log[4].seq, 9).await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn lines_are_found_whatever_their_case_and_colours_and_read_on() {
    let (_folder, path) = folder();
    let options = quick().with(|o| {
        o.max_log_lines = 100;
        o.max_log_lines_per_response = 3;
    });
    let f = engine_at(&path, options, kind()).await;
    let mut steps = numbered("even or odd", 9);
    steps.push(Step::Log("E\u{1b}[31mVE\u{1b}[0mn".to_owned()));
    let id = f.start(&steps).await;
    f.ended(id).await;
    let with = async |after, text: &str| {
        f.service.log_with(&f.ada, id, after, text).await.unwrap().expect("a log")
    };
    let first = with(0, "EVEN").await;
    assert_eq!(first.iter().map(|line| line.left_out).collect::<Vec<_>>(), [0, 0, 0]);
    let one = with(0, "odd 7").await;
    assert_eq!(one.iter().map(|line| &*line.text).collect::<Vec<_>>(), ["even or odd 7"]);
    assert_eq!(with(one[0].seq, "even").await.len(), 3);
    assert!(with(one[0].seq, "odd 7").await.is_empty());
    let end = f.service.log_end_with(&f.ada, id, 0, "even", 2).await.unwrap().expect("a log");
    let told: Vec<_> = end.lines.iter().map(|line| (line.left_out, line.text.len())).collect();
    assert_eq!(told, [(8, 13), (0, 13)]);
    let none = f.service.log_end_with(&f.ada, id, 0, "nowhere", 2).await.unwrap().expect("a log");
    assert_eq!((none.lines.len(), none.seq), (0, end.seq), "all of it was looked through");
    for wrong in [String::new(), "x".repeat(201)] {
        assert!(f.service.log_with(&f.ada, id, 0, &wrong).await.is_err());
    }
    let bob = milepost::engine::Caller::owner("bob");
    assert_eq!(f.service.log_with(&bob, id, 0, "even").await.unwrap(), None);
}

#[tokio::test]
async fn a_line_is_cut_and_a_text_of_several_lines_is_several() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [Step::Log("x".repeat(5_000)), Step::Log("one\r\ntwo\n\nfour\n".to_owned())];
    let id = f.start(&steps).await;
    f.ended(id).await;
    let log = f.service.log(&f.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log[0].text.chars().count(), 2_001);
    let texts: Vec<_> = log[1..].iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "", "four"]);
}

#[tokio::test]
async fn a_page_that_shows_a_task_large_hears_of_its_words_and_a_list_does_not() {
    let (_folder, path) = folder();
    let f = engine_at(&path, quick(), kind()).await;
    let steps = [
        Step::Stage(0),
        reach("a"),
        gate("b"),
        Step::Log("news".to_owned()),
        gate("c"),
        Step::Message("more".to_owned()),
        gate("d"),
    ];
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    let told = f.get(id).await;
    page_hears_and_list_does_not(&f, &f, &told).await;
}

/// Of a task that logs "news" at gate `b`, tells "more" at gate `c` and ends at gate `d`, whoever it
/// works for.
pub(crate) async fn page_hears_and_list_does_not(
    front: &Fixture,
    worker: &Fixture,
    told: &Snapshot,
) {
    let id = told.id;
    let list = hold(front, after(told), 1).await;
    let mut page = after(told);
    page.watch[0].foreground = true;
    let page = hold(front, page, 2).await;
    worker.gates.open("b");
    let told = answer(page).await;
    assert_eq!(told.reason, Some(AnswerReason::Output), "{told:?}");
    // Not only told of: it can be read.
    let log = front.service.log(&front.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log[0].text, "news");
    let mut page = after(&told.tasks[0]);
    page.watch[0].foreground = true;
    let page = hold(front, page, 2).await;
    worker.gates.open("c");
    let told = answer(page).await;
    assert_eq!(told.reason, Some(AnswerReason::Output), "{told:?}");
    assert_eq!(told.tasks[0].message.as_deref(), Some("more"));
    assert!(told.waited_ms.is_some_and(|held| held < 10_000), "{told:?}");
    assert!(!list.is_finished(), "a list shows no words");
    worker.gates.open("d");
    assert_eq!(answer(list).await.reason, Some(AnswerReason::Ended));
}

#[tokio::test]
async fn a_hundred_thousand_lines_leave_the_bar_alive_and_are_bounded() {
    let (_folder, path) = folder();
    let options = quick().with(|o| o.max_log_lines = 1_000);
    let f = engine_at(&path, options, kind()).await;
    let mut steps = vec![Step::Stage(0)];
    steps.push(Step::LogMany(100_000));
    steps.extend([Step::Progress(0.5), reach("a"), gate("b"), Step::LogMany(10)]);
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    assert_eq!(f.get(id).await.progress, Some(12.5));
    f.gates.open("b");
    f.ended(id).await;
    let log = f.service.log(&f.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log.len(), 1_000);
    let (first, last) = (&log[0], &log[999]);
    assert_eq!((first.text.as_str(), last.text.as_str()), ("many 1", "many 10"));
    let missing: i64 = log.iter().map(|line| line.left_out).sum();
    assert_eq!(missing, 100_010 - 1_000);
}
