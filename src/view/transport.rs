//! How a request gets to the server: the embedding application's choice.

use std::{future::Future, pin::Pin, rc::Rc};

use crate::{
    poll::Failure,
    task::{PollRequest, PollResponse, Problem, Snapshot, TaskId},
};

type Sent<T> = Pin<Box<dyn Future<Output = T>>>;
type Poll = dyn Fn(PollRequest) -> Sent<Result<Answer, Failure>>;
type Cancel = dyn Fn(TaskId) -> Sent<Result<Snapshot, Problem>>;

/// Reads the text of an answer; `None` where it is none.
type Read = fn(&str) -> Option<PollResponse>;

/// The answer to a poll, and the text that it came as.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The answer.
    pub response: PollResponse,
    /// As it was received; empty where unknown. Its length is counted, and it is handed to other
    /// tabs.
    pub text: String,
}

/// Two functions that ask the server. A future that is dropped must end its request: the loop drops
/// the one in flight when nobody watches any more.
#[derive(Clone)]
pub struct Transport {
    poll: Rc<Poll>,
    cancel: Rc<Cancel>,
    read: Option<Read>,
}

impl Transport {
    /// A transport made of what sends a poll and what asks for a cancel.
    pub fn new<P, C>(
        poll: impl Fn(PollRequest) -> P + 'static,
        cancel: impl Fn(TaskId) -> C + 'static,
    ) -> Self
    where
        P: Future<Output = Result<Answer, Failure>> + 'static,
        C: Future<Output = Result<Snapshot, Problem>> + 'static,
    {
        Self {
            poll: Rc::new(move |request| Box::pin(poll(request))),
            cancel: Rc::new(move |id| Box::pin(cancel(id))),
            read: None,
        }
    }

    /// Lets the tabs of a browser share one request: `read` reads [`Answer::text`] when it comes
    /// from another tab. Default: each tab asks for itself.
    #[must_use]
    pub fn shared(self, read: fn(&str) -> Option<PollResponse>) -> Self {
        Self { read: Some(read), ..self }
    }

    /// How an answer that another tab got is read; `None` where tabs do not share.
    pub fn reader(&self) -> Option<fn(&str) -> Option<PollResponse>> {
        self.read
    }

    /// Sends a poll.
    pub fn poll(&self, request: PollRequest) -> Sent<Result<Answer, Failure>> {
        (self.poll)(request)
    }

    /// Asks for a cancel.
    pub fn cancel(&self, id: TaskId) -> Sent<Result<Snapshot, Problem>> {
        (self.cancel)(id)
    }
}
