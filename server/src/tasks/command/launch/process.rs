//! The server's side of a command that runs.

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
    GUARD, NAMESPACE, hunt,
    stream::Stream,
    wire::{HANDSHAKE, SpawnRequest, TERMINATE, Word},
};

/// How long a guard may take to end, after its last word or its killing: in a namespace all else ends
/// before it.
const LAST_MOMENTS: Duration = Duration::from_secs(4);

/// How long after the grace a guard may take for its last word; it tells what may not be ended within
/// 5 s. After that somebody has stopped it (SIGSTOP), and it is killed: the rest is ended without it.
const OVERDUE: Duration = Duration::from_secs(8);

/// A command under its guard. Dropped, all of it is killed.
pub(crate) struct Process {
    /// What it writes.
    pub(crate) streams: Streams,
    /// What ends it.
    pub(crate) guard: Guard,
}

/// What a command writes.
pub(crate) struct Streams {
    /// To its standard output; with a terminal, all that it prints.
    pub(crate) stdout: Stream,
    /// To its standard error.
    pub(crate) stderr: Stream,
    /// To its channel of progress.
    pub(crate) channel: Stream,
}

impl Streams {
    /// Whether nothing more comes.
    pub(crate) const fn have_ended(&self) -> bool {
        self.stdout.has_ended() && self.stderr.has_ended() && self.channel.has_ended()
    }
}

/// The other end of the socket.
pub(crate) struct Guard {
    words: Lines<BufReader<OwnedReadHalf>>,
    control: OwnedWriteHalf,
    process: Child,
    /// When its last word is due, once it was asked to end everything.
    due: Option<Instant>,
}

impl Process {
    /// Starts a guard by this program, in a namespace of processes or not, and the command by the guard.
    ///
    /// # Errors
    /// When there are no more processes or descriptors.
    pub(crate) async fn start(
        program: &Path,
        request: &SpawnRequest,
        namespace: bool,
    ) -> io::Result<Self> {
        hunt::adopt_orphans()?;
        let (ours, theirs) = StdStream::pair()?;
        let ([stdout_reader, stderr_reader], stdout, stderr) = outputs(request.pty)?;
        let (channel, channel_writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.arg(if namespace { NAMESPACE } else { GUARD });
        command.env_clear().stdin(Stdio::from(OwnedFd::from(theirs)));
        // Away from the terminal's Ctrl-C. Never killed itself: it has to end what it guards.
        command.stdout(stdout).stderr(stderr).process_group(0).kill_on_drop(false);
        let process = command.spawn()?;
        // With it go this process's copies of what the command writes to.
        drop(command);
        greet(&ours, &OwnedFd::from(channel_writer))?;
        ours.set_nonblocking(true)?;
        let (words, mut control) = UnixStream::from_std(ours)?.into_split();
        let json = serde_json::to_vec(request)?;
        let length = u32::try_from(json.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        control.write_all(&length.to_le_bytes()).await?;
        control.write_all(&json).await?;
        let streams = Streams {
            stdout: Stream::new(stdout_reader)?,
            stderr: Stream::new(stderr_reader)?,
            channel: Stream::new(channel.into())?,
        };
        let words = BufReader::new(words).lines();
        Ok(Self { streams, guard: Guard { words, control, process, due: None } })
    }
}

impl Guard {
    /// Its process id, while it is there.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.id().and_then(|id| id.try_into().ok())
    }

    /// The guard's next word; `None` when it has gone, or was killed as it said nothing in time. May be
    /// dropped while it waits.
    pub(crate) async fn word(&mut self) -> Option<Word> {
        let line = match self.due {
            None => self.words.next_line().await,
            Some(due) => match timeout_at(due, self.words.next_line()).await {
                Ok(line) => line,
                Err(_) => {
                    let _ = self.process.start_kill();
                    self.due = None;
                    self.words.next_line().await
                }
            },
        };
        serde_json::from_str(&line.ok().flatten()?).ok()
    }

    /// Asks the guard to end all of it, with this grace.
    pub(crate) async fn terminate(&mut self, grace: Duration) {
        self.due = Some(Instant::now() + grace.saturating_add(OVERDUE));
        // A guard that has gone hears nothing, and has nothing left to end.
        let _ = self.control.write_all(&[TERMINATE]).await;
    }

    /// Lets go of a guard that has said its last word. One that waits for what it could not end is left
    /// to that.
    pub(crate) async fn close(&mut self) {
        let _ = tokio::time::timeout(LAST_MOMENTS, self.process.wait()).await;
    }
}

/// The reading ends of the standard output and the standard error, and what the command gets.
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
    // A terminal has one output; the other pipe ends at once.
    drop(stderr_writer);
    Ok(([ours, stderr.into()], theirs.try_clone()?.into(), theirs.into()))
}

/// Gives the guard the writing end of the channel.
fn greet(guard: &StdStream, channel: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [channel.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(guard, &[IoSlice::new(&[HANDSHAKE])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
