//! Just enough HTTP for one request after the other on a line that is kept: what waits costs a
//! socket and no buffer.

use std::{io, net::SocketAddr};

use milepost::{
    poll::{Failure, retry_after_ms},
    task::{PollRequest, PollResponse},
};
use rustix::net::RecvFlags;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

/// Sends a poll; `sent` is called once it is on its way to a server. A line that was kept and has been
/// closed is replaced, as browsers do it.
pub(crate) async fn poll(
    address: SocketAddr,
    line: Option<TcpStream>,
    request: &PollRequest,
    sent: impl Fn(),
) -> (Option<TcpStream>, Result<PollResponse, Failure>) {
    let body = serde_json::to_string(request).unwrap();
    let request = format!(
        "POST /api/v1/tasks/poll HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        let line = match line.filter(is_open) {
            Some(line) => line,
            None => {
                let line = TcpStream::connect(address).await?;
                line.set_nodelay(true)?;
                line
            }
        };
        exchange(line, &request, sent).await
    };
    match told.await {
        Ok((line, answer)) => (Some(line), read(answer)),
        Err(_) => (None, Err(Failure::Network)),
    }
}

/// Whether the other side has not hung up: there is nothing to read, and yet no end. Asked of the
/// system itself, as the runtime may not have heard of it yet.
fn is_open(line: &TcpStream) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    rustix::net::recv(line, &mut [0; 1], flags) == Err(rustix::io::Errno::AGAIN)
}

fn read(answer: Answer) -> Result<PollResponse, Failure> {
    let Answer { status, retry_after, body } = answer;
    match status {
        200 => serde_json::from_slice(&body).map_err(|_| Failure::Unreadable),
        _ => {
            let retry_after_ms = retry_after.and_then(|text| retry_after_ms(&text, None));
            Err(Failure::Status { status, retry_after_ms, problem: None })
        }
    }
}

async fn exchange(
    mut line: TcpStream,
    request: &str,
    sent: impl Fn(),
) -> io::Result<(TcpStream, Answer)> {
    line.write_all(request.as_bytes()).await?;
    sent();
    let mut buffer = Vec::new();
    loop {
        if line.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end]).map_err(io::Error::other)?;
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let (Some(status), retry_after) = (status, header("retry-after")) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let mut body = buffer.split_off(end + 4);
        while body.len() < length {
            if line.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        return Ok((line, Answer { status, retry_after, body }));
    }
}
