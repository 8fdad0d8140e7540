//! The log from the task to those who read it.

use milepost::{
    engine::{Caller, ServiceError},
    task::{AnswerReason, LogStream, PollRequest, Snapshot},
};

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
    let listed: Vec<_> = log.iter().map(|line| (line.left_out, line.text.as_str())).collect();
    let all = [(0, "line 1"), (0, "line 2"), (15, "line 18"), (0, "line 19"), (0, "line 20")];
    assert_eq!(listed, all);
    assert!(log.iter().all(|line| line.stream == LogStream::Task));
    let from = log[0].seq;
    let on = f.service.log(&f.ada, id, from).await.unwrap().expect("a log");
    assert_eq!(on, log[1..], "read on by offset");
    let latest = f.service.log_since(&f.ada, id, from, 2).await.unwrap().expect("a log");
    let listed: Vec<_> = latest.iter().map(|line| (line.left_out, line.text.as_str())).collect();
    assert_eq!(listed, [(17, "line 19"), (0, "line 20")], "what is not here is counted");
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
    let listed: Vec<_> = end.lines.iter().map(|line| (line.left_out, line.text.len())).collect();
    assert_eq!(listed, [(8, 13), (0, 13)]);
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
    let snapshot = f.get(id).await;
    page_hears_and_list_does_not(&f, &f, &snapshot).await;
}

/// Of a task that logs "news" at gate `b`, tells "more" at gate `c` and ends at gate `d`, whoever it
/// works for.
pub(crate) async fn page_hears_and_list_does_not(
    front: &Fixture,
    worker: &Fixture,
    snapshot: &Snapshot,
) {
    let id = snapshot.id;
    let list = hold(front, after(snapshot), 1).await;
    let mut page = after(snapshot);
    page.watch[0].foreground = true;
    let page = hold(front, page, 2).await;
    worker.gates.open("b");
    let response = answer(page).await;
    assert_eq!(response.reason, Some(AnswerReason::Output), "{response:?}");
    // It is not only announced: it can be read.
    let log = front.service.log(&front.ada, id, 0).await.unwrap().expect("a log");
    assert_eq!(log[0].text, "news");
    let mut page = after(&response.tasks[0]);
    page.watch[0].foreground = true;
    let page = hold(front, page, 2).await;
    worker.gates.open("c");
    let response = answer(page).await;
    assert_eq!(response.reason, Some(AnswerReason::Output), "{response:?}");
    assert_eq!(response.tasks[0].message.as_deref(), Some("more"));
    assert!(response.waited_ms.is_some_and(|held| held < 10_000), "{response:?}");
    // The list, which shows no output, hears of nothing before the end.
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

#[tokio::test]
async fn the_lines_of_a_log_that_is_shown_come_with_the_status() {
    let (_folder, path) = folder();
    let options = quick().with(|o| {
        o.max_log_lines = 100;
        o.max_log_lines_per_response = 3;
    });
    let f = engine_at(&path, options, kind()).await;
    let mut steps = numbered("line", 2);
    steps.extend([reach("a"), gate("b")]);
    steps.extend(numbered("more", 5));
    let id = f.start(&steps).await;
    f.gates.pass("a").await;
    // The lines are in the store a moment before the version that counts them.
    let told = loop {
        let snapshot = f.get(id).await;
        if snapshot.output_version > snapshot.version >> 20 << 20 {
            break snapshot;
        }
        tokio::task::yield_now().await;
    };
    let asked = |log_after, version, contains: &str| {
        let mut request = after(&told);
        (request.watch[0].log_after, request.wait_ms) = (log_after, 0);
        (request.watch[0].version, request.log_contains) = (version, contains.to_owned());
        request
    };
    let lines = async |request: &PollRequest| {
        let mut response = f.service.poll(&f.ada, request).await.unwrap();
        let log = response.log.pop()?;
        assert_eq!((response.log.len(), log.id), (0, id));
        let lines = log.lines.into_iter().map(|line| (line.left_out, line.text));
        Some((lines.collect::<Vec<_>>(), log.seq))
    };
    let text = |left_out, text: &str| (left_out, text.to_owned());
    let (all, seq) = lines(&asked(Some(0), 0, "")).await.expect("lines");
    assert_eq!(all, [text(0, "line 1"), text(0, "line 2")]);
    assert_eq!(lines(&asked(None, 0, "")).await, None, "it was not asked for");
    assert_eq!(lines(&asked(Some(0), told.version, "")).await, None, "nothing has changed");
    assert_eq!(lines(&asked(Some(seq), 0, "")).await, Some((Vec::new(), seq)));

    f.gates.open("b");
    f.ended(id).await;
    let (rest, end) = lines(&asked(Some(seq), 0, "")).await.expect("lines");
    assert_eq!(rest, [text(2, "more 3"), text(0, "more 4"), text(0, "more 5")]);
    let (found, searched) = lines(&asked(Some(0), 0, "LINE")).await.expect("lines");
    assert_eq!((found, searched), (vec![text(0, "line 1"), text(0, "line 2")], end));
    assert_eq!(lines(&asked(Some(end), 0, "x")).await, Some((Vec::new(), end)));
    // Together no more than fit into one response.
    let mut twice = asked(Some(0), 0, "");
    twice.watch.push(twice.watch[0].clone());
    let response = f.service.poll(&f.ada, &twice).await.unwrap();
    assert_eq!(response.log.iter().map(|log| log.lines.len()).sum::<usize>(), 3);

    let long = asked(Some(0), 0, &"x".repeat(10_000));
    let refused = f.service.poll(&f.ada, &long).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Refused(_)), "{refused:?}");
    let foreign = f.service.poll(&Caller::nobody(), &asked(Some(0), 0, "")).await.unwrap();
    assert!(foreign.log.is_empty() && foreign.tasks.is_empty(), "{foreign:?}");
}
