//! Messages that wait to be written to one peer: a queue with a limit in bytes, and its writer.
//!
//! Pushing never waits. `router` and `publisher` decide what happens to the messages for a peer
//! that doesn't read; other peers don't notice.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use super::codec::encode_message;

/// A peer is behind when more bytes than this wait for it.
pub const BEHIND: usize = 4 << 20;

/// A peer that is behind is catching up while it takes this many bytes ..
const PACE: usize = 1 << 20;

/// .. in this time.
const TURN: Duration = Duration::from_millis(250);

/// How many bytes the writer takes out of the queue at once.
const BATCH: usize = 64 << 10;

/// How many chunks go to the system in one call.
const CHUNKS: usize = 64;

/// A message for one peer or for many, encoded.
#[derive(Debug)]
pub struct Parcel {
    chunks: Vec<Bytes>,
    size: usize,
    /// The memory that all parcels of a publisher take, in bytes.
    live: Option<Arc<AtomicUsize>>,
}

impl Parcel {
    pub fn message(parts: &[Bytes]) -> Arc<Parcel> {
        Arc::new(Parcel::new(encode_message(parts), None))
    }

    pub fn counted(parts: &[Bytes], live: &Arc<AtomicUsize>) -> Arc<Parcel> {
        Arc::new(Parcel::new(encode_message(parts), Some(Arc::clone(live))))
    }

    pub fn command(frame: Bytes) -> Arc<Parcel> {
        Arc::new(Parcel::new(vec![frame], None))
    }

    fn new(chunks: Vec<Bytes>, live: Option<Arc<AtomicUsize>>) -> Parcel {
        let size = chunks.iter().map(Bytes::len).sum();
        if let Some(live) = &live {
            live.fetch_add(size, Ordering::Relaxed);
        }
        Parcel { chunks, size, live }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            live.fetch_sub(self.size, Ordering::Relaxed);
        }
    }
}

#[derive(Debug)]
pub struct Outbox {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    closed: Notify,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Arc<Parcel>>,
    /// The bytes in the queue, and of the messages that the writer has taken.
    bytes: usize,
    /// The bytes in the queue alone.
    queued: usize,
    /// When the peer fell behind, or last completed a [`PACE`].
    since: Instant,
    /// How many bytes the peer has taken since.
    taken: usize,
    is_closed: bool,
}

impl Outbox {
    pub fn new() -> Outbox {
        let state = State {
            queue: VecDeque::new(),
            bytes: 0,
            queued: 0,
            since: Instant::now(),
            taken: 0,
            is_closed: false,
        };
        Outbox {
            state: Mutex::new(state),
            filled: Notify::new(),
            drained: Notify::new(),
            closed: Notify::new(),
        }
    }

    /// Adds a message to the queue; false if more bytes than the limit wait already.
    pub fn push(&self, parcel: Arc<Parcel>, limit: usize) -> bool {
        let mut state = self.lock();
        if state.is_closed || state.bytes > limit {
            return false;
        }
        if state.bytes <= BEHIND {
            state.since = Instant::now();
            state.taken = 0;
        }
        state.bytes += parcel.size;
        state.queued += parcel.size;
        state.queue.push_back(parcel);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// How many bytes wait.
    pub fn backlog(&self) -> usize {
        self.lock().bytes
    }

    /// Whether the peer is behind, and still reads.
    pub fn is_catching_up(&self) -> bool {
        let state = self.lock();
        state.bytes > BEHIND && !state.is_closed && state.since.elapsed() <= TURN
    }

    /// Whether the peer is behind, and has stopped reading or nearly so.
    pub fn is_stuck(&self) -> bool {
        let state = self.lock();
        state.bytes > BEHIND && state.since.elapsed() > TURN
    }

    /// Drops the messages in the queue; returns their bytes. A message that is being written stays,
    /// since it must go out whole.
    pub fn clear(&self) -> usize {
        let mut state = self.lock();
        let cleared = std::mem::take(&mut state.queued);
        state.bytes -= cleared;
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        drop(queue);
        cleared
    }

    /// Ends the connection, also while the writer waits for the peer.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.closed.notify_one();
        self.drained.notify_waiters();
    }

    /// Waits until the system has taken all messages, or the peer has gone.
    pub async fn is_empty(&self) {
        loop {
            let drained = self.drained.notified();
            let is_over = {
                let state = self.lock();
                state.bytes == 0 || state.is_closed
            };
            if is_over {
                return;
            }
            drained.await;
        }
    }

    /// Writes the messages, until the connection ends. `on_progress` is called after each write.
    pub async fn write_to(
        &self,
        output: &mut (dyn AsyncWrite + Send + Unpin),
        on_progress: impl Fn(),
    ) -> io::Result<()> {
        tokio::select! {
            end = self.write_all_to(output, on_progress) => end,
            () = self.closed.notified() => Ok(()),
        }
    }

    async fn write_all_to(
        &self,
        output: &mut (dyn AsyncWrite + Send + Unpin),
        on_progress: impl Fn(),
    ) -> io::Result<()> {
        let mut batch = VecDeque::new();
        loop {
            self.take(&mut batch);
            if batch.is_empty() {
                self.filled.notified().await;
                continue;
            }
            // How much of the first parcel has gone out.
            let mut offset = 0;
            while !batch.is_empty() {
                let slices = slices(&batch, offset);
                let count = output.write_vectored(&slices).await?;
                if count == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                self.note(count);
                on_progress();
                offset += count;
                while let Some(first) = batch.front().filter(|it| it.size <= offset) {
                    offset -= first.size;
                    batch.pop_front();
                }
            }
        }
    }

    /// Takes the next messages out of the queue.
    fn take(&self, batch: &mut VecDeque<Arc<Parcel>>) {
        let mut state = self.lock();
        let mut size = 0;
        while size < BATCH
            && let Some(parcel) = state.queue.pop_front()
        {
            size += parcel.size;
            batch.push_back(parcel);
        }
        state.queued -= size;
    }

    fn note(&self, count: usize) {
        let mut state = self.lock();
        state.bytes -= count;
        state.taken += count;
        if state.taken >= PACE {
            state.taken = 0;
            state.since = Instant::now();
        }
        let is_empty = state.bytes == 0;
        drop(state);
        if is_empty {
            self.drained.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slices(batch: &VecDeque<Arc<Parcel>>, mut offset: usize) -> Vec<IoSlice<'_>> {
    let mut slices = Vec::new();
    for chunk in batch.iter().flat_map(|it| &it.chunks) {
        if offset >= chunk.len() {
            offset -= chunk.len();
            continue;
        }
        slices.push(IoSlice::new(&chunk[offset..]));
        offset = 0;
        if slices.len() == CHUNKS {
            break;
        }
    }
    slices
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parcel(size: usize) -> Arc<Parcel> {
        Arc::new(Parcel::new(
            vec![Bytes::from(vec![7; size / 2]), Bytes::from(vec![8; size - size / 2])],
            None,
        ))
    }

    #[test]
    fn limit_is_of_bytes_and_one_message_always_fits() {
        let outbox = Outbox::new();
        assert!(outbox.push(parcel(100), 10));
        assert!(!outbox.push(parcel(1), 10));
        assert_eq!((outbox.backlog(), outbox.clear(), outbox.backlog()), (100, 100, 0));
        assert!(outbox.push(parcel(5), 10) && outbox.push(parcel(50), 10));
        outbox.close();
        assert!(!outbox.push(parcel(1), 1000));
    }

    #[tokio::test]
    async fn messages_go_out_whole_and_in_order_through_a_narrow_pipe() {
        let outbox = Arc::new(Outbox::new());
        let parcels: Vec<_> = (1..200).map(|it| parcel(it * 7)).collect();
        let expected: Vec<u8> = parcels.iter().flat_map(|it| it.chunks.concat()).collect();
        for parcel in parcels {
            assert!(outbox.push(parcel, usize::MAX));
        }
        let (mut near, mut far) = tokio::io::duplex(13);
        let writer = Arc::clone(&outbox);
        tokio::spawn(async move { writer.write_to(&mut near, || {}).await });
        let mut got = vec![0; expected.len()];
        tokio::io::AsyncReadExt::read_exact(&mut far, &mut got).await.unwrap();
        assert!(got == expected);
        outbox.is_empty().await;
        assert_eq!(outbox.backlog(), 0);
    }
}
