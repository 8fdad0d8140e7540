//! The first two stages over an upload.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use milepost::{
    engine::{Context, OpenFile, TaskError},
    task::UploadId,
};
use tokio::{
    io::AsyncReadExt as _,
    sync::mpsc::{Receiver, Sender, channel},
};

use super::{DatasetSettings, process::Processed, stream, text, tick, warnings::Warnings};

/// Bytes of one piece, and how many wait to be read.
const PIECE: usize = 128 << 10;
const WAITING: usize = 4;

/// What the rows say, and what the file is called.
pub(super) async fn process(
    ctx: &Context,
    id: UploadId,
    settings: &DatasetSettings,
) -> Result<(Processed, String), TaskError> {
    ctx.stage(0).await?;
    let file = ctx.open_file(id).await?;
    let (name, size) = (file.info().name.clone(), file.info().size_bytes);
    let (bytes, max) = (u64::try_from(size).unwrap_or(0), settings.max_file_bytes);
    if bytes > max {
        let (size, max) = (text::bytes(size), text::bytes(i64::try_from(max).unwrap_or(i64::MAX)));
        let detail = format!("The file “{name}” has {size}; files of at most {max} are profiled.");
        return Err(TaskError::fail("file_too_large", detail));
    }
    let (sender, receiver) = channel(WAITING);
    let (max_columns, warnings) = (settings.max_columns, Warnings::new(settings.max_warnings));
    let budget = settings.budget();
    let work = async {
        let pieces = Pieces { receiver, piece: Bytes::new() };
        let opened =
            ctx.blocking(move |_| Ok(stream::open(pieces, bytes, max_columns, warnings)?)).await?;
        ctx.stage(1).await?;
        let columns = i64::try_from(opened.columns()).unwrap_or(i64::MAX);
        ctx.message(format!("{name}: {}", text::count(columns, "column")));
        ctx.blocking(move |ctx| stream::process(opened, budget, &mut tick(ctx))).await
    };
    // Whichever ends first ends the other: nobody takes the pieces, or none comes any more.
    let (processed, ()) = tokio::join!(work, send(file, sender));
    Ok((processed?, name))
}

/// Sends a file piece by piece, as fast as it is read.
async fn send(mut file: OpenFile, sender: Sender<io::Result<Bytes>>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let piece = match (&mut file).take(PIECE as u64).read_to_end(&mut piece).await {
            Ok(0) => return,
            Ok(_) => Ok(piece.into()),
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if sender.send(piece).await.is_err() || failed {
            return;
        }
    }
}

/// The other end, for work that blocks.
struct Pieces {
    receiver: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        buffer[..length].copy_from_slice(&self.piece[..length]);
        self.piece.advance(length);
        Ok(length)
    }
}
