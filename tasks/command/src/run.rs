//! One run of a command, from its start to its result.

mod cause;
mod environment;
mod files;
mod last;
mod output;
mod screen;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use milepost::engine::{Context, Output, TaskError};

use self::{last::Last, output::Filter, screen::Screen};
use super::{
    CommandDeps, counted,
    definition::{Definition, Limits},
    folder::RunFolder,
    launch::{
        Process, Reaped, Record, RunIsolation,
        wire::{End, SpawnRequest, SupervisorMessage, list},
    },
    mask::{hide_in, mask},
    output_excerpt::OutputExcerpt,
    progress::{Limits as ReaderLimits, Mask, Reader, Signal, Source, final_text},
    report::{MEDIA_TYPE, Report},
    stdin::Input,
    value::ParamValue,
};

/// Buffer size for reading, in bytes.
const CHUNK: usize = 64 << 10;
/// An unfinished last line is treated as a report after this pause.
const IDLE: Duration = Duration::from_millis(300);
/// Multiple of that pause for which streams are read after the supervisor is gone.
const MAX_IDLE: u32 = 10;

pub(super) struct Run {
    definition: Arc<Definition>,
    values: Vec<ParamValue>,
    ctx: Context,
    mask: Mask,
    /// Standard output and standard error.
    filters: [Filter; 2],
    reader: Reader,
    excerpt: OutputExcerpt,
    /// Total bytes of output.
    output_bytes: u64,
    signals: Vec<Signal>,
    /// What the preview shows.
    screen: Screen,
    /// Result of killing processes without the supervisor.
    reaped: Option<Reaped>,
}

impl Run {
    pub(super) fn new(definition: Arc<Definition>, values: Vec<ParamValue>, ctx: Context) -> Self {
        let secrets = definition.params.iter().zip(&values).filter(|(param, _)| param.secret);
        let mask = mask(secrets.map(|(_, value)| value.as_text()));
        let stages = definition.all_stages().into_iter().map(|(name, _)| name);
        let mut reader = Reader::new(&definition.progress, ReaderLimits::default())
            .with_stages(stages)
            .with_mask(mask.clone());
        if definition.pty {
            reader = reader.on_any_stream();
        }
        let excerpt = OutputExcerpt::new(definition.limits.output_bytes);
        let output = || Filter::new(definition.encoding, &mask);
        let filters = [output(), output()];
        Self {
            definition,
            values,
            ctx,
            mask,
            filters,
            reader,
            excerpt,
            output_bytes: 0,
            signals: Vec::new(),
            screen: Screen::default(),
            reaped: None,
        }
    }

    pub(super) async fn complete(self, deps: &CommandDeps) -> Result<Output, TaskError> {
        let keep = self.definition.keep_folder;
        let mut folder = RunFolder::make(&deps.runs, self.ctx.id(), self.ctx.attempt(), keep)
            .map_err(|error| {
                TaskError::retry("folder", format!("the run has no folder: {error}"))
            })?;
        let mask = self.mask.clone();
        let ended = self.run_in(&mut folder, deps).await.map_err(|error| hide_in(&mask, error));
        // Removing a large folder takes time.
        let _ = tokio::task::spawn_blocking(move || drop(folder)).await;
        ended
    }

    async fn run_in(
        mut self,
        folder: &mut RunFolder,
        deps: &CommandDeps,
    ) -> Result<Output, TaskError> {
        let brought =
            files::bring_in(&self.ctx, &self.definition.params, &mut self.values, folder.path());
        if let Err(error) = brought.await {
            folder.is_over();
            return Err(error);
        }
        let (isolation, request) = self.ready(folder, deps).inspect_err(|_| folder.is_over())?;
        let started = Instant::now();
        let start = Process::start(&deps.program, &request, isolation.namespace);
        let mut process = start.await.map_err(|error| {
            folder.is_over();
            TaskError::retry("start", format!("no process can be started: {error}"))
        })?;
        let last = self.follow(&mut process, folder, &isolation).await;
        if !last.as_ref().is_some_and(SupervisorMessage::names_what_remains) {
            process.supervisor.close().await;
        }
        let duration = started.elapsed();
        let (isolation, last) = self.after(isolation, last).await;
        if isolation.group_stays {
            folder.keep_record();
        }
        match last {
            Last::Gone(reaped) => Err(self.lost(&reaped, folder)),
            Last::Failed(why) => {
                folder.is_over();
                self.ctx.check()?;
                let program = self.definition.argv.program();
                Err(TaskError::fail("start", format!("{program} could not be started: {why}")))
            }
            Last::Ended(end) if !end.remaining.is_empty() => Err(self.not_stopped(&end.remaining)),
            Last::Ended(end) => {
                folder.is_over();
                self.is_stopped(&end)?;
                let out_of_memory = isolation.out_of_memory;
                self.judge(end, out_of_memory, duration, folder).await
            }
        }
    }

    fn ready(
        &self,
        folder: &RunFolder,
        deps: &CommandDeps,
    ) -> Result<(Arc<RunIsolation>, SpawnRequest), TaskError> {
        let isolation = self.isolate(folder, deps)?;
        let request = self.request(folder, &isolation, deps)?;
        Record::new(&isolation).write(folder.record()).map_err(|error| {
            TaskError::retry("folder", format!("the run cannot be recorded: {error}"))
        })?;
        Ok((Arc::new(isolation), request))
    }

    /// Creates the isolation, which holds whatever happens to the supervisor.
    fn isolate(&self, folder: &RunFolder, deps: &CommandDeps) -> Result<RunIsolation, TaskError> {
        let Definition { limits, new_privileges, .. } = &*self.definition;
        let made = deps.isolation.of_run(
            folder.name(),
            *new_privileges,
            limits.total_memory_bytes,
            limits.processes,
        );
        made.map_err(|error| {
            TaskError::retry("start", format!("the run has no control group: {error}"))
        })
    }

    fn request(
        &self,
        folder: &RunFolder,
        isolation: &RunIsolation,
        deps: &CommandDeps,
    ) -> Result<SpawnRequest, TaskError> {
        let Definition { argv, params, limits, pty, .. } = &*self.definition;
        let argv = argv.expand(params, &self.values).map_err(|index| {
            let name = &params[index].name;
            TaskError::fail("input", format!("{name}: must not begin with -"))
        })?;
        let work = self.definition.folder.clone().unwrap_or_else(|| folder.path().to_owned());
        Ok(SpawnRequest {
            argv,
            env: environment::of(&self.definition, &self.values, folder, self.ctx.traceparent()),
            stdin: self.stdin(),
            folder: work,
            lock: folder.lock().to_owned(),
            grace_ms: u64::try_from(limits.grace.as_millis()).unwrap_or(u64::MAX),
            pty: *pty,
            umask: deps.umask,
            new_privileges: self.definition.new_privileges,
            cgroup: isolation.cgroup(),
            mark: isolation.mark,
            processes: limits.processes,
            limits: environment::limits(limits),
        })
    }

    fn stdin(&self) -> Input {
        let Definition { stdin, params, .. } = &*self.definition;
        stdin.as_ref().map(|stdin| stdin.input(params, &self.values)).unwrap_or_default()
    }

    /// Reads until all processes are gone; returns the supervisor's last message, if any.
    async fn follow(
        &mut self,
        process: &mut Process,
        folder: &RunFolder,
        isolation: &Arc<RunIsolation>,
    ) -> Option<SupervisorMessage> {
        let ctx = self.ctx.clone();
        let Process { streams, supervisor } = process;
        let (mut out, mut err, mut own) = (vec![0; CHUNK], vec![0; CHUNK], vec![0; CHUNK]);
        let (mut stop_sent, mut gone, mut last, mut idle) = (false, false, None, 0);
        while !(gone && (streams.have_ended() || idle > MAX_IDLE)) {
            let heard = tokio::select! {
                n = streams.stdout.read(&mut out) => Message::Bytes(Source::Stdout, n),
                n = streams.stderr.read(&mut err) => Message::Bytes(Source::Stderr, n),
                n = streams.channel.read(&mut own) => Message::Bytes(Source::Channel, n),
                message = supervisor.next_message(), if !gone => Message::Supervisor(message),
                () = ctx.cancelled(), if !stop_sent => Message::Stop,
                () = tokio::time::sleep(IDLE) => Message::Nothing,
            };
            match heard {
                Message::Bytes(Source::Stdout, n) => self.take(Source::Stdout, &out[..n]),
                Message::Bytes(Source::Stderr, n) => self.take(Source::Stderr, &err[..n]),
                Message::Bytes(Source::Channel, n) => self.take(Source::Channel, &own[..n]),
                Message::Supervisor(Some(SupervisorMessage::Started(leader))) => {
                    let record = Record::new(isolation).with_processes(leader, supervisor.pid());
                    if let Err(error) = record.write(folder.record()) {
                        tracing::warn!(task.id = %ctx.id(), %error, "the run was not recorded");
                    }
                }
                Message::Supervisor(Some(message)) => {
                    last = self.handle(message).or(last);
                    // A supervisor with unkillable processes sends nothing more and keeps running.
                    gone = last.as_ref().is_some_and(SupervisorMessage::names_what_remains);
                }
                Message::Supervisor(None) => {
                    gone = true;
                    if last.is_none() {
                        // The supervisor was killed: kill its processes before continuing.
                        supervisor.close().await;
                        self.reap(isolation).await;
                    }
                }
                Message::Stop => {
                    stop_sent = true;
                    supervisor.terminate(self.definition.limits.grace).await;
                }
                Message::Nothing => {
                    idle += u32::from(gone);
                    self.idle();
                }
            }
            self.tell().await;
            self.screen.show(&ctx, Instant::now());
        }
        last
    }

    /// Handles a message of the supervisor; returns it if it is the last.
    fn handle(&self, message: SupervisorMessage) -> Option<SupervisorMessage> {
        match message {
            SupervisorMessage::Waiting => {
                self.ctx.message("Waiting for the end of an earlier attempt")
            }
            SupervisorMessage::Started(_) => {}
            SupervisorMessage::Refused(processes) => {
                self.ctx
                    .message(format!("Waiting for what cannot be stopped: {}", list(&processes)));
            }
            last @ (SupervisorMessage::Failed(_) | SupervisorMessage::Ended(_)) => {
                return Some(last);
            }
        }
        None
    }

    /// Forwards signals of the reader, which has hidden the secrets.
    async fn tell(&mut self) {
        for signal in std::mem::take(&mut self.signals) {
            match signal {
                Signal::Fraction(fraction) => self.ctx.progress(fraction),
                Signal::Unknown => self.ctx.progress_unknown(),
                // Fails only if the task was stopped, when the stage no longer matters.
                Signal::Stage(index) => _ = self.ctx.stage(index).await,
                Signal::Message(text) => self.ctx.message(text),
                Signal::Preserved(text) => self.ctx.preserved(text),
                Signal::Line { source, text } => self.line(source, text),
            }
        }
    }

    /// Converts the end of the command to a result or an error.
    async fn judge(
        self,
        end: End,
        out_of_memory: bool,
        duration: Duration,
        folder: &RunFolder,
    ) -> Result<Output, TaskError> {
        if end.left > 0 {
            let left = counted(u64::from(end.left), "process", "processes");
            self.ctx.log(format!("Ended {left} that the command left behind."));
        }
        let Limits { processes, total_memory_bytes, .. } = self.definition.limits;
        let (code, how) = match (end.code, end.signal) {
            _ if end.too_many => {
                let max_bytes = counted(u64::from(processes), "process", "processes");
                ("processes", format!("had more than {max_bytes}"))
            }
            _ if out_of_memory => {
                let mb = total_memory_bytes.unwrap_or_default() >> 20;
                ("memory", format!("used more than {mb} MiB of memory in all"))
            }
            (Some(code), _) if self.definition.success.contains(&code) => {
                return self.report(code, duration, folder).await;
            }
            (Some(code), _) => ("exit_code", format!("ended with exit code {code}")),
            (None, Some(signal)) => ("signal", self.by_signal(signal)),
            (None, None) => ("lost", "ended in an unknown way".to_owned()),
        };
        let mut message = format!("{} {how}.", self.definition.argv.program());
        let [stdout, stderr] = &self.filters;
        for line in cause::lines(stdout.cause(), stderr.cause()) {
            message.push('\n');
            message.push_str(line);
        }
        Err(TaskError::fail(code, message))
    }

    /// Describes a signal; names the limit for signals of the kernel.
    fn by_signal(&self, signal: i32) -> String {
        let limits = &self.definition.limits;
        match (rustix::process::Signal::from_named_raw(signal), limits.cpu_s, limits.file_bytes) {
            (Some(rustix::process::Signal::XCPU), Some(s), _) => {
                format!("used more than {s} s of processor time")
            }
            (Some(rustix::process::Signal::XFSZ), _, Some(bytes)) => {
                format!("wrote a file of more than {}", counted(bytes, "byte", "bytes"))
            }
            _ => format!("was ended by signal {signal}"),
        }
    }

    async fn report(
        self,
        exit_code: i32,
        duration: Duration,
        folder: &RunFolder,
    ) -> Result<Output, TaskError> {
        let (definition, mask) = (&self.definition, &self.mask);
        let files = files::keep_results(&self.ctx, definition, mask, folder.path()).await?;
        // What it did last is no news once everything is done.
        self.ctx.message("");
        let report = Report {
            exit_code,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            output_bytes: self.output_bytes,
            omitted_bytes: self.excerpt.omitted(),
            output: final_text(&self.mask.hide(&self.excerpt.text())),
            files,
        };
        Output::json(MEDIA_TYPE, &report, format!("{}.json", self.definition.name))
    }
}

/// Next event of a run.
enum Message {
    Bytes(Source, usize),
    Supervisor(Option<SupervisorMessage>),
    Stop,
    Nothing,
}
