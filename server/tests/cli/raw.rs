//! A client that writes bytes and reads bytes, and knows nothing of HTTP's manners.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::fixture::Server;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two pieces of a client that is slow on purpose.
const DRIP: Duration = Duration::from_millis(50);

/// An answer as it was read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map_or("", |(_, value)| value)
    }
}

/// A connection.
pub(crate) struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    pub(crate) async fn to(server: &Server) -> Self {
        Self::from([127, 0, 0, 1], server).await
    }

    /// A connection to another program at this URL.
    pub(crate) async fn at(url: &str) -> Self {
        let addr = url.strip_prefix("http://").unwrap();
        let stream = timeout(PATIENCE, TcpStream::connect(addr)).await.unwrap().unwrap();
        Self { stream, read: Vec::new() }
    }

    /// A connection from another address of this machine.
    pub(crate) async fn from(ip: [u8; 4], server: &Server) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((ip, 0))).unwrap();
        let addr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
        let stream = timeout(PATIENCE, socket.connect(addr)).await.unwrap().unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Writes all of it, as a sender that reads nothing before it has.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await;
        written.unwrap().unwrap_or_else(|error| panic!("the sender was cut off: {error}"));
    }

    /// Writes as much as is taken; how much, once no more is.
    pub(crate) async fn write_until_cut(&mut self, piece: &[u8]) -> usize {
        let mut bytes = 0;
        while timeout(PATIENCE, self.stream.write_all(piece)).await.unwrap().is_ok() {
            bytes += piece.len();
        }
        bytes
    }

    /// Writes this piece over and over, each time when nothing was answered for a while, until there is
    /// an answer or the connection ends; how often.
    pub(crate) async fn drip(&mut self, piece: &[u8]) -> usize {
        for drips in 0..10_000 {
            match timeout(DRIP, self.stream.read_buf(&mut self.read)).await {
                Err(_) if self.stream.write_all(piece).await.is_ok() => {}
                _ => return drips,
            }
        }
        panic!("whoever drips is waited for without an end");
    }

    /// Takes in at most so much of an answer now and then, until there is no more; how many bytes in all.
    pub(crate) async fn sip(&mut self, most: usize) -> usize {
        let (mut bytes, mut buffer) = (0, vec![0; most]);
        let mut now_and_then = tokio::time::interval(DRIP);
        loop {
            now_and_then.tick().await;
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.unwrap() {
                Ok(read) if read > 0 => bytes += read,
                _ => return bytes,
            }
        }
    }

    /// Reads more; false at the end.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.unwrap();
        read.unwrap_or_else(|error| panic!("the reader was cut off: {error}")) > 0
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let rest = self.read.split_off(end + 4);
                break String::from_utf8(std::mem::replace(&mut self.read, rest)).unwrap();
            }
            assert!(self.more().await, "it ended before an answer: {:?}", self.text());
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        match answer.header("content-length").parse::<usize>() {
            Ok(length) => {
                while self.read.len() < length {
                    assert!(self.more().await, "it ended within an answer: {answer:?}");
                }
                let rest = self.read.split_off(length);
                let body = std::mem::replace(&mut self.read, rest);
                answer.body = String::from_utf8_lossy(&body).into_owned();
            }
            Err(_) if answer.header("transfer-encoding") == "chunked" => {
                while self.more().await {}
                answer.body = self.text();
                self.read.clear();
            }
            Err(_) => {}
        }
        answer
    }

    /// The answer to a HEAD: its head alone.
    pub(crate) async fn head(&mut self) -> Answer {
        while self.more().await {}
        let head = self.text();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::new() }
    }

    /// Reads to the end of the connection; what is left of what was read.
    pub(crate) async fn end(mut self) -> String {
        while self.more().await {}
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }
}

/// The answer to one request with nothing after it.
pub(crate) async fn ask(server: &Server, request: &[u8]) -> Answer {
    let mut raw = Raw::to(server).await;
    raw.write(request).await;
    raw.answer().await
}

/// A GET that names this host, and the last of its connection.
pub(crate) fn get(path: &str, host: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").into_bytes()
}

/// A GET after which the connection stays.
pub(crate) fn get_and_stay(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}
