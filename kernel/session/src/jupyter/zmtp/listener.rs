//! Accepting peers on TCP ports and Unix sockets, and how many peers there may be.
//!
//! A flood of new connections costs no established one. Only a few handshakes may be under way at
//! once, and the oldest of them makes room for a new one. The number of peers after their handshake
//! is limited too, and a new one is turned away.

use std::collections::VecDeque;
use std::fs;
use std::future::Future;
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;

use super::codec::WireError;
use super::connection::{Budget, Connection};
use super::handshake::{Pipe, Role, shake_hands};

/// How many handshakes of one socket may be under way.
const STRANGERS: usize = 32;

/// How many peers one socket may have after their handshake. With five sockets that is fewer than
/// the 1,024 descriptors that a process usually has.
const GUESTS: usize = 128;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    Tcp(StdTcpListener),
    Ipc { listener: StdUnixListener, path: PathBuf },
}

impl Listener {
    pub fn bind_tcp(ip: &str, port: u16) -> io::Result<Listener> {
        // ZeroMQ's name for all interfaces.
        let ip = if ip == "*" { "0.0.0.0" } else { ip };
        let listener = StdTcpListener::bind((ip, port))?;
        listener.set_nonblocking(true)?;
        Ok(Listener::Tcp(listener))
    }

    /// Binds a Unix socket, which only the user may connect to.
    pub fn bind_ipc(path: &Path) -> io::Result<Listener> {
        // A killed kernel leaves its socket behind, and the next kernel has the same connection
        // file.
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket()) {
            fs::remove_file(path)?;
        }
        let listener = StdUnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Listener::Ipc { listener, path: path.to_owned() })
    }

    fn open(&self) -> io::Result<Open> {
        Ok(match self {
            Listener::Tcp(listener) => Open::Tcp(TcpListener::from_std(listener.try_clone()?)?),
            Listener::Ipc { listener, .. } => {
                Open::Ipc(UnixListener::from_std(listener.try_clone()?)?)
            }
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Ipc { path, .. } = self {
            let _ = fs::remove_file(path);
        }
    }
}

/// A listener that the runtime waits on.
enum Open {
    Tcp(TcpListener),
    Ipc(UnixListener),
}

impl Open {
    async fn accept(&self) -> io::Result<Pipe> {
        match self {
            Open::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let (input, output) = stream.into_split();
                Ok(Pipe { input: Box::new(input), output: Box::new(output) })
            }
            Open::Ipc(listener) => {
                let (stream, _) = listener.accept().await?;
                let (input, output) = stream.into_split();
                Ok(Pipe { input: Box::new(input), output: Box::new(output) })
            }
        }
    }
}

/// Serves each peer by a task of its own, for ever. Dropping the future ends all tasks.
pub async fn accept<F>(
    listener: Listener,
    role: Role,
    budget: Budget,
    serve: impl Fn(Connection) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = Result<(), WireError>> + Send + 'static,
{
    let open = listener.open()?;
    let serve = Arc::new(serve);
    let guests = Arc::new(Semaphore::new(GUESTS));
    let mut strangers = Strangers::default();
    let mut peers = JoinSet::new();
    loop {
        let Ok(pipe) = open.accept().await else {
            // Most likely the process has no descriptor left; some become free in time.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while peers.try_join_next().is_some() {}
        let turned_out = strangers.admit();
        let handshake = shake_hands(pipe, role, budget.clone());
        let (serve, guests) = (Arc::clone(&serve), Arc::clone(&guests));
        peers.spawn(async move {
            let met = meet(handshake, turned_out, guests).await;
            let served = match met {
                Ok((connection, _place)) => serve(connection).await,
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::debug!("a peer of {} left: {error}", role.socket_type);
            }
        });
    }
}

/// Shakes hands within the time, and takes a place among the peers that are served.
async fn meet(
    handshake: impl Future<Output = Result<Connection, WireError>>,
    turned_out: oneshot::Receiver<()>,
    guests: Arc<Semaphore>,
) -> Result<(Connection, OwnedSemaphorePermit), WireError> {
    let connection = tokio::select! {
        shaken = tokio::time::timeout(PATIENCE, handshake) => shaken.map_err(|_| WireError::Late)??,
        _ = turned_out => return Err(WireError::Late),
    };
    let place = guests.try_acquire_owned().map_err(|_| WireError::Crowded)?;
    Ok((connection, place))
}

/// The peers whose handshake is under way, oldest first. Dropping a sender turns its peer out.
#[derive(Default)]
struct Strangers {
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Strangers {
    fn admit(&mut self) -> oneshot::Receiver<()> {
        self.waiting.retain(|sender| !sender.is_closed());
        if self.waiting.len() >= STRANGERS {
            self.waiting.pop_front();
        }
        let (sender, turned_out) = oneshot::channel();
        self.waiting.push_back(sender);
        turned_out
    }
}
