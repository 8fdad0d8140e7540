//! Form that starts a task, with its progress, cancel button and result or error below it.

mod follow;
mod result;
mod starter;

use leptos::{
    ev::SubmitEvent,
    prelude::*,
    server::ServerActionError,
    server_fn::{ServerFn, error::ServerFnUrlError},
    task::spawn_local_scoped_with_cancellation,
};
use serde_json::Value;

use self::follow::follow;
use crate::{
    poll::Policy,
    task::{Problem, Snapshot, StartTask},
    view::{
        Seed, Transport, platform,
        server_fns::{ApiError, RunTaskForm},
    },
};

pub use self::starter::Starter;

/// Starts a task and follows it to its end.
///
/// The children are the fields of its form; `input` is read on submit. Errors of the input or of
/// the task's prerequisites appear at the form. A double click starts only one task; after it has
/// ended, the button starts another. Unmounting the component stops timers, the request in flight
/// and the listeners; the task continues on the server.
///
/// ```
/// # use leptos::prelude::*;
/// use milepost::{poll::Policy, task::Snapshot, view::components::RunTask};
/// use serde_json::json;
///
/// # #[component]
/// # fn Page() -> impl IntoView {
/// let subject = RwSignal::new(String::new());
/// view! {
///     <RunTask
///         kind="report"
///         input=Signal::derive(move || json!({ "subject": subject.get() }))
///         policy=Policy::Interval { every_ms: 1_000 }
///         on_done=|task: Snapshot| leptos::logging::log!("{} has ended", task.title)
///     >
///         <label>"Subject " <input name="subject" required bind:value=subject /></label>
///     </RunTask>
/// }
/// # }
/// ```
///
/// By default it uses the ready-made [`server_fns`](crate::view::server_fns); to use server
/// functions of your own, pass them as `start` and `transport`. It works in an island and in a
/// fully hydrated page. All tasks of a tab share one loop and therefore the policy set last and the
/// transport set first.
///
/// Without a script, the form posts to `action`, so its fields must be named like those of the
/// input. The ready-made action redirects to the form's page with `?task=ID` added; pass that task
/// as `task`.
///
/// ## Server-Side Rendering
///
/// The server renders the form and, if `task` is given, the task's current state.
#[component]
pub fn RunTask(
    /// Kind of the task.
    #[prop(into)]
    kind: String,
    /// Input of the task.
    #[prop(into)]
    input: Signal<Value>,
    /// When to poll; [`Policy::Interval`] carries its interval. Default: [`Policy::Paced`].
    #[prop(into, optional)]
    policy: Signal<Policy>,
    /// Called once when the task has ended: completed, failed or cancelled.
    #[prop(into, optional)]
    on_done: Option<Callback<Snapshot>>,
    /// Starts the task. Default: [`run_task`](crate::view::server_fns::run_task).
    #[prop(optional)]
    start: Starter,
    /// Polls and cancels. Default: [`Transport::default`].
    #[prop(optional)]
    transport: Transport,
    /// Existing task to show initially.
    #[prop(optional_no_strip, into)]
    task: Option<Seed>,
    /// URL that the form posts to without a script. Default: a ready-made server function.
    #[prop(into, default = RunTaskForm::PATH.to_owned())]
    action: String,
    /// Fields of the form.
    children: Children,
) -> impl IntoView {
    let shown = RwSignal::new(task);
    let problem = RwSignal::new(sent_without_script());
    // True from the click until the task has ended.
    let busy = RwSignal::new(false);
    let tried = StoredValue::new(None);
    let form = Form { kind: kind.clone(), input, start, shown, problem, busy, tried };
    let owner = Owner::current();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            let started = form.clone().send();
            if let Some(owner) = &owner {
                owner.with(|| spawn_local_scoped_with_cancellation(started));
            }
        }
    };
    let ended = Callback::new(move |task: Snapshot| {
        busy.set(false);
        if let Some(on_done) = on_done {
            on_done.run(task);
        }
    });
    let label = move || match (busy.get(), shown.with(Option::is_some)) {
        (true, _) => "Running…",
        (false, true) => "Run again",
        (false, false) => "Start",
    };
    let going = move |going| busy.set(going);
    let task =
        move || shown.get().map(|task| follow(task, transport.clone(), policy, going, ended));
    view! {
        <div class="run-task">
            <form method="post" action=action on:submit=submit>
                <input type="hidden" name="kind" value=kind />
                {children()}
                <ProblemNote problem />
                <button aria-disabled=move || busy.get().to_string()>{label}</button>
            </form>
            {task}
        </div>
    }
}

/// State needed to submit the form.
#[derive(Clone)]
struct Form {
    kind: String,
    input: Signal<Value>,
    start: Starter,
    shown: RwSignal<Option<Seed>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    /// Input and idempotency key of a submit without a response; repeating it starts no second
    /// task.
    tried: StoredValue<Option<(Value, String)>>,
}

impl Form {
    /// Starts the task. The form stays busy from the first click on.
    fn send(self) -> impl Future<Output = ()> {
        let Self { kind, input, start, shown, problem, busy, tried } = self;
        busy.set(true);
        problem.set(None);
        let input = input.get_untracked();
        let again = tried.get_value().filter(|(same, _)| *same == input);
        let key = again.map_or_else(platform::random_key, |(_, key)| key);
        tried.set_value(Some((input.clone(), key.clone())));
        async move {
            let started = start.start(StartTask::new(kind, input), key).await;
            // On other errors the task may have been started, so keep the key.
            if started.as_ref().err().is_none_or(|problem| (400..500).contains(&problem.status)) {
                tried.set_value(None);
            }
            match started {
                Ok(receipt) => shown.set(Some(receipt.id.into())),
                Err(refused) => {
                    problem.set(Some(refused));
                    busy.set(false);
                }
            }
        }
    }
}

/// The problem, field by field if known.
#[component]
fn ProblemNote(problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let words = move || problem.with(|problem| problem.as_ref().map(sentence).unwrap_or_default());
    view! {
        <p class="note bad" role="alert" hidden=move || problem.with(Option::is_none)>
            {words}
        </p>
    }
}

fn sentence(problem: &Problem) -> String {
    if problem.errors.is_empty() {
        return problem.detail.clone();
    }
    let errors = problem.errors.iter();
    errors.map(|error| format!("{}: {}", error.field, error.detail)).collect::<Vec<_>>().join("; ")
}

/// Problem of a form that was submitted without a script, taken from the page's URL.
fn sent_without_script() -> Option<Problem> {
    let error = use_context::<ServerActionError>()?;
    let ours = error.path() == RunTaskForm::PATH;
    ours.then(|| ServerFnUrlError::<ApiError>::decode_err(error.err()).0)
}
