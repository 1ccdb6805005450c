//! XPUB: what is published goes to all who subscribed to its topic, each at its own pace.
//!
//! Publishing never waits. A source of floods asks [`Publisher::wait_for_room`] first, which waits
//! for subscribers that are behind as long as they read on. One that has stopped to read is
//! waited for by nobody: its messages are kept, up to a limit of memory for all, then lost.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::codec::{Item, Limits, WireError};
use super::command::Command;
use super::connection::{Budget, Connection, obey};
use super::handshake::Role;
use super::listener::{Listener, accept};
use super::outbox::{BEHIND, Outbox, Parcel};

/// A subscription is a topic, and clients of a kernel send an empty one.
const LIMITS: Limits = Limits { message: 1 << 10, parts: 1 };

const ROLE: Role = Role { socket_type: "XPUB", peers: &["SUB", "XSUB"], limits: LIMITS };

/// Topics of one subscriber at a time, and how many of its subscriptions are welcomed.
const TOPICS: usize = 128;

/// Bytes that are kept in memory for subscribers that have stopped to read.
const KEPT: usize = 256 << 20;

/// A message that greets a new subscription to this topic.
pub type Welcome = Arc<dyn Fn(&Bytes) -> Vec<Bytes> + Send + Sync>;

/// The sending side; clones share their subscribers.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
    welcome: Welcome,
}

#[derive(Debug, Default)]
struct Shared {
    subscribers: Mutex<Vec<Arc<Subscriber>>>,
    /// Bytes of messages that wait for some subscriber.
    live: Arc<AtomicUsize>,
    /// Told whenever a subscriber took something.
    progress: Condvar,
    progressed: Mutex<()>,
}

#[derive(Debug)]
struct Subscriber {
    /// With how often each was subscribed to.
    topics: Mutex<Vec<(Bytes, usize)>>,
    outbox: Outbox,
}

impl Publisher {
    pub fn new(welcome: Welcome) -> Publisher {
        Publisher { shared: Arc::default(), welcome }
    }

    pub async fn serve(self, listener: Listener, budget: Budget) -> io::Result<()> {
        let serve = move |connection| {
            let publisher = self.clone();
            async move { publisher.talk(connection).await }
        };
        accept(listener, ROLE, budget, serve).await
    }

    /// Whether anybody would get a message of this topic.
    pub fn is_heard(&self, topic: &[u8]) -> bool {
        self.subscribers().iter().any(|it| it.is_for(topic))
    }

    /// Sends to all who subscribed to the first part.
    pub fn publish(&self, parts: &[Bytes]) {
        let topic = parts.first().map_or(&[][..], |it| it);
        let parcel = Parcel::counted(parts, &self.shared.live);
        let subscribers = self.subscribers();
        for subscriber in subscribers.iter().filter(|it| it.is_for(topic)) {
            subscriber.outbox.push(Arc::clone(&parcel), usize::MAX);
        }
        drop(parcel);
        if self.shared.live.load(Ordering::Relaxed) > KEPT {
            make_room(&subscribers, &self.shared.live);
        }
    }

    /// Waits while a subscriber that reads on is behind, unless `is_over` says not to.
    pub fn wait_for_room(&self, is_over: impl Fn() -> bool) {
        const LOOK: Duration = Duration::from_millis(20);
        while self.subscribers().iter().any(|it| it.outbox.is_catching_up()) && !is_over() {
            let progressed = self.shared.progressed.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.shared.progress.wait_timeout(progressed, LOOK));
        }
    }

    /// Waits until all subscribers have taken all, or have gone.
    pub async fn is_sent(&self) {
        let subscribers = self.subscribers().clone();
        for subscriber in subscribers {
            subscriber.outbox.is_empty().await;
        }
    }

    async fn talk(&self, mut connection: Connection) -> Result<(), WireError> {
        let subscriber = Arc::new(Subscriber { topics: Mutex::default(), outbox: Outbox::new() });
        self.subscribers().push(Arc::clone(&subscriber));
        let _entered = Entered { publisher: self, subscriber: &subscriber };
        let reading = async {
            let mut welcomes = TOPICS;
            loop {
                let (is_new, topic) = match connection.reader.next().await? {
                    Item::Message(parts) => match subscription(&parts) {
                        Some(subscription) => subscription,
                        None => continue,
                    },
                    Item::Command(body) => match Command::parse(body)? {
                        Command::Subscribe(topic) => (true, topic),
                        Command::Cancel(topic) => (false, topic),
                        command => {
                            obey(command, &subscriber.outbox)?;
                            continue;
                        }
                    },
                };
                if subscriber.note(is_new, &topic)? && welcomes > 0 {
                    welcomes -= 1;
                    let parcel = Parcel::counted(&(self.welcome)(&topic), &self.shared.live);
                    subscriber.outbox.push(parcel, BEHIND);
                }
            }
        };
        let output = &mut *connection.output;
        tokio::select! {
            end = reading => end,
            end = subscriber.outbox.write_to(output, || self.shared.progress.notify_all()) => Ok(end?),
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<Arc<Subscriber>>> {
        self.shared.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An older peer's way to subscribe: a byte 1 or 0, and the topic.
fn subscription(parts: &[Bytes]) -> Option<(bool, Bytes)> {
    let part = parts.first()?;
    match part.first()? {
        1 => Some((true, part.slice(1..))),
        0 => Some((false, part.slice(1..))),
        _ => None,
    }
}

/// Lets those who have stopped to read lose what waits for them, the one furthest behind first.
fn make_room(subscribers: &[Arc<Subscriber>], live: &AtomicUsize) {
    let mut stuck: Vec<_> = subscribers.iter().filter(|it| it.outbox.is_stuck()).collect();
    stuck.sort_by_key(|it| std::cmp::Reverse(it.outbox.backlog()));
    for subscriber in stuck {
        let cleared = subscriber.outbox.clear();
        tracing::warn!("a client that does not read lost {cleared} bytes of output");
        if cleared == 0 {
            // Only the message in hand is left, which can't be taken back.
            subscriber.outbox.close();
        }
        if live.load(Ordering::Relaxed) <= KEPT {
            return;
        }
    }
}

impl Subscriber {
    fn is_for(&self, topic: &[u8]) -> bool {
        self.topics().iter().any(|(prefix, _)| topic.starts_with(prefix))
    }

    /// Notes a subscription or its end; true if it is one that was not there.
    fn note(&self, is_new: bool, topic: &Bytes) -> Result<bool, WireError> {
        let mut topics = self.topics();
        let known = topics.iter().position(|(it, _)| it == topic);
        match (is_new, known) {
            (true, Some(at)) => topics[at].1 = topics[at].1.saturating_add(1),
            (true, None) if topics.len() >= TOPICS => return Err(WireError::Subscriptions),
            (true, None) => {
                // A copy, so that no buffer is kept for a few bytes.
                topics.push((Bytes::copy_from_slice(topic), 1));
                return Ok(true);
            }
            (false, Some(at)) if topics[at].1 > 1 => topics[at].1 -= 1,
            (false, Some(at)) => drop(topics.swap_remove(at)),
            (false, None) => {}
        }
        Ok(false)
    }

    fn topics(&self) -> MutexGuard<'_, Vec<(Bytes, usize)>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a subscriber out of the list when its task ends, however that ends.
struct Entered<'a> {
    publisher: &'a Publisher,
    subscriber: &'a Arc<Subscriber>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.publisher.subscribers().retain(|it| !Arc::ptr_eq(it, self.subscriber));
        self.subscriber.outbox.close();
        self.publisher.shared.progress.notify_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn subscriber() -> Arc<Subscriber> {
        Arc::new(Subscriber { topics: Mutex::default(), outbox: Outbox::new() })
    }

    #[test]
    fn subscriptions_are_prefixes_and_are_counted() {
        let subscriber = subscriber();
        let topic = Bytes::from_static(b"str");
        assert!(!subscriber.is_for(b"stream"));
        assert!(subscriber.note(true, &topic).unwrap());
        assert!(!subscriber.note(true, &topic).unwrap());
        assert!(subscriber.is_for(b"stream") && !subscriber.is_for(b"status"));
        assert!(!subscriber.note(false, &topic).unwrap());
        assert!(subscriber.is_for(b"stream"));
        assert!(!subscriber.note(false, &topic).unwrap());
        assert!(!subscriber.is_for(b"stream"));
        assert!(!subscriber.note(false, &topic).unwrap());
    }

    #[test]
    fn f6_topics_of_a_subscriber_are_limited() {
        let subscriber = subscriber();
        for number in 0..TOPICS {
            assert!(subscriber.note(true, &number.to_string().into()).unwrap());
        }
        assert!(matches!(
            subscriber.note(true, &Bytes::from_static(b"x")),
            Err(WireError::Subscriptions)
        ));
        for _ in 0..10_000 {
            assert!(!subscriber.note(true, &Bytes::from_static(b"7")).unwrap());
        }
        assert_eq!(subscriber.topics().len(), TOPICS);
    }

    #[test]
    fn f5_only_the_one_furthest_behind_loses() {
        let live = Arc::new(AtomicUsize::new(0));
        let (reader, sleeper) = (subscriber(), subscriber());
        let large = Parcel::counted(&[Bytes::from(vec![0; KEPT])], &live);
        let small = Parcel::counted(&[Bytes::from(vec![0; 2 * BEHIND])], &live);
        sleeper.outbox.push(large, usize::MAX);
        reader.outbox.push(Arc::clone(&small), usize::MAX);
        sleeper.outbox.push(small, usize::MAX);
        let all = [Arc::clone(&reader), Arc::clone(&sleeper)];
        // Nobody loses anything who might be reading.
        make_room(&all, &live);
        assert!(reader.outbox.is_catching_up() && sleeper.outbox.is_catching_up());
        while !(reader.outbox.is_stuck() && sleeper.outbox.is_stuck()) {
            std::thread::yield_now();
        }
        make_room(&all, &live);
        assert_eq!(sleeper.outbox.backlog(), 0);
        assert!(reader.outbox.backlog() > 2 * BEHIND);
    }
}
