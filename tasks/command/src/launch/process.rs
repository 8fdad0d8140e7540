//! Server's side of a running command.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::net::UnixStream as StdStream,
    },
    path::Path,
    process::Stdio,
    time::Duration,
};

use rustix::{
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
    pty::{OpenptFlags, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    time::{Instant, timeout_at},
};

use super::{
    NAMESPACE, SUPERVISOR, orphans,
    stream::Stream,
    wire::{HANDSHAKE, SpawnRequest, SupervisorMessage, TERMINATE},
};

/// Time limit for a supervisor to exit after its last message or its kill; in a namespace all other
/// processes end before it.
const LAST_MOMENTS: Duration = Duration::from_secs(4);

/// Time limit for a supervisor's last message after the grace; it reports unkillable processes within 5
/// s. A supervisor that exceeds it was stopped (SIGSTOP); it is killed, and the rest is killed without
/// it.
const OVERDUE: Duration = Duration::from_secs(8);

/// Command under its supervisor. Dropping it kills all its processes.
pub(crate) struct Process {
    /// Output streams.
    pub(crate) streams: Streams,
    /// Connection to the supervisor.
    pub(crate) supervisor: Supervisor,
}

/// Output streams of a command.
pub(crate) struct Streams {
    /// Standard output; with a terminal, all its output.
    pub(crate) stdout: Stream,
    /// Standard error.
    pub(crate) stderr: Stream,
    /// Progress channel.
    pub(crate) channel: Stream,
}

impl Streams {
    /// Whether all streams have ended.
    pub(crate) const fn have_ended(&self) -> bool {
        self.stdout.has_ended() && self.stderr.has_ended() && self.channel.has_ended()
    }
}

/// Connection to a supervisor.
pub(crate) struct Supervisor {
    messages: Lines<BufReader<OwnedReadHalf>>,
    control: OwnedWriteHalf,
    process: Child,
    /// Deadline of its last message, once it was asked to stop everything.
    due: Option<Instant>,
}

impl Process {
    /// Starts a supervisor from this program, optionally in a PID namespace, which starts the command.
    ///
    /// # Errors
    /// If no more processes or descriptors are available.
    pub(crate) async fn start(
        program: &Path,
        request: &SpawnRequest,
        namespace: bool,
    ) -> io::Result<Self> {
        orphans::adopt_orphans()?;
        let (ours, theirs) = StdStream::pair()?;
        let ([stdout_reader, stderr_reader], stdout, stderr) = outputs(request.pty)?;
        let (channel, channel_writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.arg(if namespace { NAMESPACE } else { SUPERVISOR });
        command.env_clear().stdin(Stdio::from(OwnedFd::from(theirs)));
        // Its own process group keeps it away from the terminal's Ctrl-C. Never kill it on drop: it
        // must stop what it supervisors.
        command.stdout(stdout).stderr(stderr).process_group(0).kill_on_drop(false);
        let process = command.spawn()?;
        // Closes this process's copies of the command's writing ends.
        drop(command);
        greet(&ours, &OwnedFd::from(channel_writer))?;
        ours.set_nonblocking(true)?;
        let (messages, mut control) = UnixStream::from_std(ours)?.into_split();
        let json = serde_json::to_vec(request)?;
        let length = u32::try_from(json.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        control.write_all(&length.to_le_bytes()).await?;
        control.write_all(&json).await?;
        let streams = Streams {
            stdout: Stream::new(stdout_reader)?,
            stderr: Stream::new(stderr_reader)?,
            channel: Stream::new(channel.into())?,
        };
        let messages = BufReader::new(messages).lines();
        Ok(Self { streams, supervisor: Supervisor { messages, control, process, due: None } })
    }
}

impl Supervisor {
    /// Process id of the supervisor while it runs.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.id().and_then(|id| id.try_into().ok())
    }

    /// Returns the supervisor's next message; `None` when it has ended, or was killed because its
    /// message was overdue. Cancel safe.
    pub(crate) async fn next_message(&mut self) -> Option<SupervisorMessage> {
        let line = match self.due {
            None => self.messages.next_line().await,
            Some(due) => match timeout_at(due, self.messages.next_line()).await {
                Ok(line) => line,
                Err(_) => {
                    let _ = self.process.start_kill();
                    self.due = None;
                    self.messages.next_line().await
                }
            },
        };
        serde_json::from_str(&line.ok().flatten()?).ok()
    }

    /// Asks the supervisor to stop everything with this grace.
    pub(crate) async fn terminate(&mut self, grace: Duration) {
        self.due = Some(Instant::now() + grace.saturating_add(OVERDUE));
        // A supervisor that is gone has nothing left to stop.
        let _ = self.control.write_all(&[TERMINATE]).await;
    }

    /// Waits for a supervisor after its last message. A supervisor that waits for unkillable processes is
    /// left running.
    pub(crate) async fn close(&mut self) {
        let _ = tokio::time::timeout(LAST_MOMENTS, self.process.wait()).await;
    }
}

/// Creates the reading ends of standard output and standard error, and the ends for the command.
fn outputs(pty: bool) -> io::Result<([OwnedFd; 2], Stdio, Stdio)> {
    let (stderr, stderr_writer) = io::pipe()?;
    if !pty {
        let (stdout, stdout_writer) = io::pipe()?;
        return Ok(([stdout.into(), stderr.into()], stdout_writer.into(), stderr_writer.into()));
    }
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let theirs = rustix::fs::open(&*name, flags, rustix::fs::Mode::empty())?;
    let size = Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&theirs, size)?;
    // A terminal has a single output; the other pipe ends at once.
    drop(stderr_writer);
    Ok(([ours, stderr.into()], theirs.try_clone()?.into(), theirs.into()))
}

/// Sends the supervisor the writing end of the channel.
fn greet(supervisor: &StdStream, channel: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [channel.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(supervisor, &[IoSlice::new(&[HANDSHAKE])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
