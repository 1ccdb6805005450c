//! The life of a kernel, from binding its sockets to the reply that ends it.
//!
//! `cli` calls [`serve`]. What is said on a socket is the business of that socket's module.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::asides::Asides;
use super::connection::{ConnectionError, ConnectionFile, Sockets};
use super::control;
use super::execution::Executor;
use super::hub::{Farewell, Hub, KernelInfo};
use super::iopub::IoPub;
use super::message::{Composer, IncomingMessage, Publication, State};
use super::queue::Queue;
use super::session::Session;
use super::startup::Preparation;
use super::stdin::Questions;
use super::subshells::Subshells;
use super::turn::Desk;
use super::zmtp::{Address, Budget, Listener, Router};
use crate::history::History;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("could not start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The stack of the engine's thread, as large as that of the thread that runs cells. The memory is
/// only reserved.
const ENGINE_STACK: usize = 256 << 20;

/// How long the kernel waits for the engine to clean up after itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Serves clients until one asks to shut down, or the parent process ends.
pub fn serve(
    path: &Path,
    prepare: Preparation,
    info: KernelInfo,
    history: History,
) -> Result<(), ServeError> {
    let file = ConnectionFile::read(path)?;
    let sockets = file.bind()?;
    let composer = Arc::new(Composer::new(file.key()));
    let runtime = super::runtime()?;
    let served = runtime.block_on(serve_sockets(composer, sockets, prepare, info, history));
    // A thread that still waits for the engine must not keep the process alive.
    runtime.shutdown_background();
    file.remove_sockets();
    served
}

async fn serve_sockets(
    composer: Arc<Composer>,
    sockets: Sockets,
    prepare: Preparation,
    info: KernelInfo,
    history: History,
) -> Result<(), ServeError> {
    let iopub = Arc::new(IoPub::new(Arc::clone(&composer)));
    let stdin = Router::default();
    let (end, mut ended) = mpsc::unbounded_channel();
    let (queue, session) = (Arc::new(Queue::default()), Arc::new(Session::with(history)));
    let hub = Arc::new(Hub {
        questions: Arc::new(Questions::new(Arc::clone(&composer), stdin.clone())),
        composer,
        asides: Asides::new(&queue, &session, &iopub),
        queue,
        session,
        subshells: Subshells::default(),
        info,
        end,
    });
    let executor = Executor::new(&hub, &iopub, prepare);
    let (gone, engine_gone) = oneshot::channel();
    std::thread::Builder::new().name("engine".into()).stack_size(ENGINE_STACK).spawn(
        move || {
            executor.run();
            // Sending fails if nobody waits for the engine any more.
            let _ = gone.send(());
        },
    )?;
    iopub.publish(None, &Publication::status(State::Starting));
    tokio::spawn(interrupt_on_signal(Arc::clone(&hub)));
    open(&hub, &iopub, stdin, sockets)?;
    let farewell = tokio::select! {
        farewell = ended.recv() => farewell,
        () = wait_for_orphanage() => None,
    };
    hub.queue.end();
    hub.questions.withdraw();
    if timeout(PATIENCE, say_goodbye(farewell, &iopub)).await.is_err() {
        tracing::warn!("a client did not take the last messages in time");
    }
    hub.session.history().flush();
    if timeout(PATIENCE, engine_gone).await.is_err() {
        tracing::warn!("the engine was still busy at the end");
    }
    Ok(())
}

/// Serves all five sockets from now on.
fn open(
    hub: &Arc<Hub>,
    iopub: &Arc<IoPub>,
    stdin: Router,
    sockets: Sockets,
) -> Result<(), ServeError> {
    let budget = Budget::default();
    let desk = || Desk { router: Router::default(), iopub: Arc::clone(iopub) };
    tokio::spawn(iopub.publisher.clone().serve(sockets.iopub, budget.clone()));
    let flushing = Arc::clone(iopub);
    tokio::spawn(async move { flushing.flush_in_time().await });
    tokio::spawn(answers(Arc::clone(hub), stdin, sockets.stdin, budget.clone()));
    tokio::spawn(Arc::clone(hub).listen(desk(), sockets.shell, budget.clone()));
    control::start(Arc::clone(hub), desk(), sockets.control, sockets.heartbeat, budget)?;
    Ok(())
}

/// Waits until the reply to the request that ends the kernel, and all publications, have left.
async fn say_goodbye(farewell: Option<Farewell>, iopub: &IoPub) {
    if let Some(Farewell { asker, router }) = farewell {
        router.is_answered(&asker.address).await;
        iopub.publisher.is_sent().await;
    }
}

/// Hands each answer to its question, for ever.
async fn answers(hub: Arc<Hub>, router: Router, listener: Listener, budget: Budget) {
    let deliver = move |address: &Address, parts| {
        let received = IncomingMessage::read(&hub.composer.key, address, parts);
        received.map(|it| hub.questions.answer(it)).is_ok()
    };
    if let Err(error) = router.serve(listener, budget, deliver).await {
        tracing::error!("the stdin socket has stopped: {error}");
    }
}

/// Listens for interrupts by signal: some frontends send them, and Ctrl-C in a terminal does.
async fn interrupt_on_signal(hub: Arc<Hub>) {
    match signal(SignalKind::interrupt()) {
        Ok(mut signals) => {
            while signals.recv().await.is_some() {
                hub.interrupt(None);
            }
        }
        Err(error) => tracing::warn!("interrupts by signal are not heard: {error}"),
    }
}

/// Ends when the process that started the kernel has ended.
async fn wait_for_orphanage() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
