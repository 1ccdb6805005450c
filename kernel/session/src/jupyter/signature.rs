//! The key of a connection file: signing outgoing messages, and checking incoming ones.
//!
//! A signature is good once: a message that somebody has overheard and sends again is refused, as
//! by ipykernel, with a history as long as ipykernel's.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How many signatures are remembered.
const HISTORY: usize = 1 << 16;

/// The parts that a signature covers: header, parent header, metadata, content.
pub type Signed<'a> = [&'a [u8]; 4];

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature is not made with the key")]
    Wrong,
    #[error("a message with this signature has come before")]
    Repeated,
}

/// Signs and checks messages.
#[derive(Debug)]
pub struct Key {
    /// None if the key is empty: then messages are not signed.
    mac: Option<Hmac<Sha256>>,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// The first half of each signature, which is long enough that no two meet by chance.
    known: HashSet<u128>,
    order: VecDeque<u128>,
}

impl Key {
    pub fn new(key: &str) -> Key {
        let mac = Some(key).filter(|it| !it.is_empty());
        // HMAC takes a key of any length, so this does not fail.
        let mac = mac.and_then(|it| Hmac::new_from_slice(it.as_bytes()).ok());
        Key { mac, history: Mutex::default() }
    }

    pub fn sign(&self, parts: Signed<'_>) -> String {
        let Some(mac) = self.over(parts) else { return String::new() };
        format!("{:x}", mac.finalize().into_bytes())
    }

    /// Checks a signature, and takes note of it.
    pub fn check(&self, signature: &[u8], parts: Signed<'_>) -> Result<(), SignatureError> {
        let Some(mac) = self.over(parts) else { return Ok(()) };
        let signature = from_hex(signature).ok_or(SignatureError::Wrong)?;
        // The comparison takes the same time for every wrong signature.
        mac.verify_slice(&signature).map_err(|_| SignatureError::Wrong)?;
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.note(&signature)
    }

    fn over(&self, parts: Signed<'_>) -> Option<Hmac<Sha256>> {
        let mut mac = self.mac.clone()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac)
    }
}

impl History {
    fn note(&mut self, signature: &[u8; 32]) -> Result<(), SignatureError> {
        let half = signature.iter().take(16).fold(0, |half, byte| half << 8 | u128::from(*byte));
        if !self.known.insert(half) {
            return Err(SignatureError::Repeated);
        }
        self.order.push_back(half);
        if self.order.len() > HISTORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        Ok(())
    }
}

/// 64 lower-case hexadecimal digits.
fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: Signed<'static> = [b"what do ya want ", b"for ", b"noth", b"ing?"];

    #[test]
    fn signature_is_that_of_rfc_4231() {
        let signature = Key::new("Jefe").sign(PARTS);
        assert_eq!(signature, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn only_the_key_opens_and_only_once() {
        let key = Key::new("secret");
        let signature = key.sign(PARTS);
        let check = |signature: &str| key.check(signature.as_bytes(), PARTS);
        for wrong in [
            "",
            "x",
            &signature[1..],
            &signature.to_uppercase(),
            &Key::new("other").sign(PARTS),
            &"g".repeat(64),
            &"0".repeat(64),
        ] {
            assert_eq!(check(wrong), Err(SignatureError::Wrong), "{wrong}");
        }
        assert_eq!(check(&signature), Ok(()));
        assert_eq!(check(&signature), Err(SignatureError::Repeated));
    }

    #[test]
    fn without_a_key_nothing_is_signed() {
        let key = Key::new("");
        assert_eq!(key.sign(PARTS), "");
        assert!(key.check(b"anything", PARTS).is_ok() && key.check(b"anything", PARTS).is_ok());
    }

    #[test]
    fn history_is_bounded() {
        let mut history = History::default();
        let signature = |number: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            bytes
        };
        for number in 0..HISTORY as u32 + 10 {
            assert!(history.note(&signature(number)).is_ok());
        }
        assert_eq!((history.known.len(), history.order.len()), (HISTORY, HISTORY));
        assert!(history.note(&signature(HISTORY as u32)).is_err());
    }
}
