//! A way to PostgreSQL, over TCP, on which connections can fall silent: nothing comes through, and
//! no error is raised.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinSet,
};

/// What PostgreSQL calls its socket.
const SOCKET: &str = ".s.PGSQL.5432";

/// See the module. What is silent once stays so, until the way is dropped.
pub(crate) struct Way {
    carrying: tokio::task::AbortHandle,
    switch: Arc<Switch>,
    /// The database by this way.
    pub(crate) url: String,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

struct Switch {
    /// Everything that was connected before has fallen silent.
    now: watch::Sender<u32>,
    /// New connections are silent from the first.
    closed: AtomicBool,
    /// The next connection over which this is said falls silent by it.
    word: Mutex<Option<Vec<u8>>>,
    /// After so many more pieces from clients everything falls silent; a piece is about one statement.
    pieces: AtomicI64,
    silenced: AtomicU32,
}

impl Way {
    /// To the database at this address, whose socket it names.
    pub(crate) fn to(url: &str) -> Self {
        let (before, rest) = url.split_once("host=").unwrap();
        let (socket, after) = rest.split_once('&').unwrap();
        let target = Path::new(socket).join(SOCKET);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let listener = TcpListener::from_std(listener).unwrap();
        let url = format!("{before}{after}").replace("@localhost/", &format!("@{address}/"));
        let switch = Arc::new(Switch {
            now: watch::channel(0).0,
            closed: AtomicBool::new(false),
            word: Mutex::default(),
            pieces: AtomicI64::new(i64::MAX),
            silenced: AtomicU32::new(0),
        });
        let of = Arc::clone(&switch);
        let carrying = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&target).await else { continue };
                connections.spawn(carry(client, server, Arc::clone(&of)));
            }
        });
        Self { carrying: carrying.abort_handle(), switch, url }
    }

    /// Silences all connections that there are; with `closed`, those to come as well.
    pub(crate) fn silence(&self, closed: bool) {
        self.switch.closed.store(closed, Ordering::SeqCst);
        self.switch.now.send_modify(|times| *times += 1);
    }

    /// Lets new connections through.
    pub(crate) fn open(&self) {
        self.switch.closed.store(false, Ordering::SeqCst);
    }

    /// Silences the next connection over which a statement with this word is sent, by that.
    pub(crate) fn silence_at(&self, word: &str) {
        *self.switch.word.lock().unwrap() = Some(word.as_bytes().to_vec());
    }

    /// Lets so many more pieces through, over all connections together; then everything is silent, what
    /// connects anew as well.
    pub(crate) fn silence_after(&self, pieces: i64) {
        self.switch.pieces.store(pieces, Ordering::SeqCst);
    }

    /// Whether it has fallen silent by that.
    pub(crate) fn is_silent(&self) -> bool {
        self.switch.pieces.load(Ordering::SeqCst) < 0
    }

    /// How many connections were silenced at a word.
    pub(crate) fn silenced(&self) -> u32 {
        self.switch.silenced.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, mut server: UnixStream, switch: Arc<Switch>) {
    let mut now = switch.now.subscribe();
    let closed = switch.closed.load(Ordering::SeqCst);
    let silent = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        tokio::select! {
            biased;
            _ = now.changed() => true,
            () = std::future::ready(()), if closed => true,
            silent = pass(from_client, to_server, Some(&switch)) => silent,
            silent = pass(from_server, to_client, None) => silent,
        }
    };
    if silent {
        // Both ends stay open; only who gives up notices anything.
        std::future::pending::<()>().await;
    }
}

/// Carries until an end is reached, or until the connection is to fall silent.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    switch: Option<&Switch>,
) -> bool {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return false };
        let said = &buffer[..read];
        if let Some(switch) = switch {
            if switch.pieces.load(Ordering::SeqCst) < i64::MAX
                && switch.pieces.fetch_sub(1, Ordering::SeqCst) <= 0
            {
                return true;
            }
            let mut word = switch.word.lock().unwrap();
            let is_said = |word: &Vec<u8>| said.windows(word.len()).any(|part| part == word);
            if word.as_ref().is_some_and(is_said) {
                *word = None;
                switch.silenced.fetch_add(1, Ordering::SeqCst);
                return true;
            }
        }
        if to.write_all(said).await.is_err() {
            return false;
        }
    }
}
