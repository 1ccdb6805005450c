//! XPUB: a message goes to all subscribers of its topic, to each at its own pace.
//!
//! Publishing never waits. A source of floods calls [`Publisher::wait_for_room`] first, which waits
//! for subscribers that are behind, as long as they read. Nobody waits for a subscriber that has
//! stopped reading: its messages are kept, up to a limit of memory for all, and then lost.

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

/// How many topics a subscriber may have at a time, and how many of its subscriptions are welcomed.
const TOPICS: usize = 128;

/// How many bytes are kept in memory for subscribers that have stopped reading.
const KEPT: usize = 256 << 20;

/// Makes the message that greets a new subscription to a topic.
pub type Welcome = Arc<dyn Fn(&Bytes) -> Vec<Bytes> + Send + Sync>;

/// The sending side; clones share their subscribers.
#[derive(Clone)]
pub struct Publisher {
    audience: Arc<Audience>,
    welcome: Welcome,
}

#[derive(Debug, Default)]
struct Audience {
    subscribers: Mutex<Vec<Arc<Subscriber>>>,
    /// How many bytes of messages wait for some subscriber.
    live: Arc<AtomicUsize>,
    /// Notified whenever a subscriber took bytes, or left.
    progress: Condvar,
    progressed: Mutex<()>,
}

#[derive(Debug)]
struct Subscriber {
    /// The topics, each with the number of subscriptions to it.
    topics: Mutex<Vec<(Bytes, usize)>>,
    outbox: Outbox,
}

impl Publisher {
    pub fn new(welcome: Welcome) -> Publisher {
        Publisher { audience: Arc::default(), welcome }
    }

    pub async fn serve(self, listener: Listener, budget: Budget) -> io::Result<()> {
        let serve = move |connection| {
            let publisher = self.clone();
            async move { publisher.talk(connection).await }
        };
        accept(listener, ROLE, budget, serve).await
    }

    /// Whether any subscriber would get a message of this topic.
    pub fn is_heard(&self, topic: &[u8]) -> bool {
        self.subscribers().iter().any(|subscriber| subscriber.is_for(topic))
    }

    /// Sends a message to all subscribers of its topic, which is its first part.
    pub fn publish(&self, parts: &[Bytes]) {
        let topic = parts.first().map_or(&[][..], |part| part);
        let parcel = Parcel::counted(parts, &self.audience.live);
        let subscribers = self.subscribers();
        for subscriber in subscribers.iter().filter(|subscriber| subscriber.is_for(topic)) {
            subscriber.outbox.push(Arc::clone(&parcel), usize::MAX);
        }
        drop(parcel);
        if self.audience.live.load(Ordering::Relaxed) > KEPT {
            make_room(&subscribers, &self.audience.live);
        }
    }

    /// Waits while a subscriber that still reads is behind, until `is_over` says to stop.
    pub fn wait_for_room(&self, is_over: impl Fn() -> bool) {
        const LOOK: Duration = Duration::from_millis(20);
        while self.subscribers().iter().any(|subscriber| subscriber.outbox.is_catching_up())
            && !is_over()
        {
            let progressed =
                self.audience.progressed.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.audience.progress.wait_timeout(progressed, LOOK));
        }
    }

    /// Waits until each subscriber has taken all its messages, or has gone.
    pub async fn is_sent(&self) {
        let subscribers = self.subscribers().clone();
        for subscriber in subscribers {
            subscriber.outbox.is_empty().await;
        }
    }

    async fn talk(&self, mut connection: Connection) -> Result<(), WireError> {
        let subscriber = Arc::new(Subscriber { topics: Mutex::default(), outbox: Outbox::new() });
        self.subscribers().push(Arc::clone(&subscriber));
        let _entry = SubscriberEntry { publisher: self, subscriber: &subscriber };
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
                    let parcel = Parcel::counted(&(self.welcome)(&topic), &self.audience.live);
                    subscriber.outbox.push(parcel, BEHIND);
                }
            }
        };
        let output = &mut *connection.output;
        tokio::select! {
            end = reading => end,
            end = subscriber.outbox.write_to(output, || self.audience.progress.notify_all()) => Ok(end?),
        }
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<Arc<Subscriber>>> {
        self.audience.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads an older peer's subscription: a byte 1 (or 0, to end one), and the topic.
fn subscription(parts: &[Bytes]) -> Option<(bool, Bytes)> {
    let part = parts.first()?;
    match part.first()? {
        1 => Some((true, part.slice(1..))),
        0 => Some((false, part.slice(1..))),
        _ => None,
    }
}

/// Drops the messages of subscribers that have stopped reading, the one furthest behind first,
/// until there is room.
fn make_room(subscribers: &[Arc<Subscriber>], live: &AtomicUsize) {
    let mut stuck: Vec<_> =
        subscribers.iter().filter(|subscriber| subscriber.outbox.is_stuck()).collect();
    stuck.sort_by_key(|it| std::cmp::Reverse(it.outbox.backlog()));
    for subscriber in stuck {
        let cleared = subscriber.outbox.clear();
        tracing::warn!("a client that does not read lost {cleared} bytes of output");
        if cleared == 0 {
            // Only a message that is being written is left, and it can't be taken back.
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

    /// Notes a subscription or its end; true if the topic is new.
    fn note(&self, is_new: bool, topic: &Bytes) -> Result<bool, WireError> {
        let mut topics = self.topics();
        let known = topics.iter().position(|(it, _)| it == topic);
        match (is_new, known) {
            (true, Some(at)) => topics[at].1 = topics[at].1.saturating_add(1),
            (true, None) if topics.len() >= TOPICS => return Err(WireError::Subscriptions),
            (true, None) => {
                // The topic is copied, because a slice would keep the whole buffer in memory.
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

/// A subscriber's place in the list; dropping it, however the task ends, takes the subscriber out.
struct SubscriberEntry<'a> {
    publisher: &'a Publisher,
    subscriber: &'a Arc<Subscriber>,
}

impl Drop for SubscriberEntry<'_> {
    fn drop(&mut self) {
        self.publisher.subscribers().retain(|subscriber| !Arc::ptr_eq(subscriber, self.subscriber));
        self.subscriber.outbox.close();
        self.publisher.audience.progress.notify_all();
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
