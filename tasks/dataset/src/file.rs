//! Runs the first two stages on an upload.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::{Buf as _, Bytes};
use milepost::{
    engine::{Context, OpenFile, TaskError},
    task::UploadId,
};
use tokio::{
    io::AsyncReadExt as _,
    sync::mpsc::{Receiver, Sender, channel},
};

use super::{
    first_figures,
    layout::Options,
    process::{self, Processed},
    settings::DatasetSettings,
    text, tick,
};

/// Bytes of one piece, and maximum number of queued pieces.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// Processes an upload; returns its statistics and its name.
pub(super) async fn process(
    ctx: &Context,
    id: UploadId,
    options: Options,
    settings: &Arc<DatasetSettings>,
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
    let work = async {
        let pieces = Pieces { receiver, piece: Bytes::new(), left: bytes };
        let limits = Arc::clone(settings);
        let open = move |_: &Context| Ok(process::open_file(pieces, bytes, &options, &limits)?);
        let table = ctx.blocking(open).await?;
        ctx.stage(1).await?;
        let columns = text::count(i64::try_from(table.columns()).unwrap_or(i64::MAX), "column");
        // Sketches are not checkpointed: after a crash the file is reread from the beginning.
        let repeated = if ctx.attempt() > 1 { ", reread from the beginning" } else { "" };
        ctx.message(format!("{name}: {columns}{repeated}"));
        let limits = Arc::clone(settings);
        ctx.blocking(move |ctx| {
            process::process_showing(table, &limits, &mut tick(ctx), &mut first_figures::show(ctx))
        })
        .await
    };
    // Either side's end also ends the other: the pieces are no longer consumed, or no more arrive.
    let (processed, sent) = tokio::join!(work, ctx.until_cancelled(send(file, sender)));
    sent??;
    Ok((processed?, name))
}

/// Sends a file piece by piece, as fast as it is read.
async fn send(mut file: OpenFile, sender: Sender<Bytes>) -> Result<(), TaskError> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece).await;
        let read = read.map_err(|error| TaskError::retry("artifacts", error.to_string()))?;
        if read == 0 || sender.send(piece.into()).await.is_err() {
            return Ok(());
        }
    }
}

/// Receiving end, as a blocking reader.
struct Pieces {
    receiver: Receiver<Bytes>,
    piece: Bytes,
    left: u64,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None if self.left == 0 => return Ok(0),
                // The sender stopped and has reported why.
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}
