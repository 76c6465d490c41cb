//! Keeps what each vendor last accepted, so that unchanged records need not be sent again.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::customer::{Customer, text};
use crate::plan::{Plan, StepCondition};

/// The first half of a SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn of(hash: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        Self(digest)
    }
}

/// Shows the first bytes, enough to tell two apart.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..)")
    }
}

/// What a plan would send, in one digest: the provider and, of every step in order, its condition, method, URL and body.
///
/// Steps that fetch a token are excluded. They are the same for every record, and a new secret is no new record.
#[must_use]
pub fn digest_of_plan(plan: &Plan) -> Digest {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(plan.provider().as_str().as_bytes());
    for step in plan.steps().iter().filter(|step| step.when() != StepCondition::IfNoToken) {
        add(step.when().as_str().as_bytes());
        add(step.method().as_str().as_bytes());
        add(step.url().as_bytes());
        add(if step.body().is_some() { b"body" } else { b"none" });
        add(step.body().unwrap_or_default());
    }
    Digest::of(&hash.finalize())
}

/// A person, as a store of accepted records knows them: one digest for each of their identities (external id, e-mail
/// address, phone number), made under the store's own key.
///
/// Two records that share any identity may be one person at a vendor. A store therefore keeps what was accepted under
/// every identity, and a record counts as unchanged only where all of them say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Person([Option<Digest>; 3]);

impl Person {
    /// The person whose identities the record holds, under a store's key. None where it holds no identity.
    ///
    /// The e-mail address counts without its case, the phone number in its international form where it has one.
    #[must_use]
    pub fn of(customer: &Customer, key: &PersonKey) -> Option<Self> {
        let id = text(&customer.external_id).map(|id| key.digest(b'i', id.trim()));
        let email = customer.email.as_ref().map(|email| email.comparable()).filter(|email| !email.is_empty());
        let phone = customer.phone.as_ref().filter(|phone| !phone.as_str().trim().is_empty()).map(|phone| {
            phone
                .e164()
                .map_or_else(|_| key.digest(b'n', phone.as_str().trim()), |number| key.digest(b'p', number.digits()))
        });
        let person = [id, email.map(|email| key.digest(b'e', &email)), phone];
        person.iter().any(Option::is_some).then_some(Self(person))
    }

    /// The digests of the identities, at least one.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.0.iter().flatten()
    }
}

/// The key that a store makes its digests of people under, so that two stores have nothing in common.
#[derive(Clone)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// A new key, from the system's random numbers.
    ///
    /// # Errors
    ///
    /// The system has none.
    pub fn random() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self(key))
    }

    /// A key that was stored.
    #[must_use]
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key, to be stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn digest(&self, kind: u8, value: &str) -> Digest {
        // HMAC takes a key of any length, so that there always is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return Digest([0; 16]) };
        mac.update(&[kind]);
        mac.update(value.as_bytes());
        Digest::of(&mac.finalize().into_bytes())
    }
}

/// Shows no byte.
impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(..)")
    }
}

/// A store of what each vendor last accepted of each person.
///
/// How it is used, so that an entry never describes what the vendor does not hold: before anything is sent
/// for a person, [`forget`](Self::forget) is awaited; once the vendor has accepted it, [`put`](Self::put) says what. A
/// record is skipped only where [`last`](Self::last) gives the very digest of its plan. What is lost of the store then
/// means that records are sent again, and nothing else.
#[async_trait]
pub trait Accepted: fmt::Debug + Send + Sync + 'static {
    /// The record's person in this store; none where it holds no identity, and then it is always sent.
    fn person(&self, customer: &Customer) -> Option<Person>;

    /// What the vendor of this lane last accepted: the digest on which all identities of the person agree.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    async fn last(&self, lane: &str, person: &Person) -> io::Result<Option<Digest>>;

    /// Keeps what the vendor has accepted, under every identity of the person. The last one wins. It need not survive
    /// the end of the process before [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    async fn put(&self, lane: &str, person: &Person, what: &Digest) -> io::Result<()>;

    /// Removes what is kept of every identity of the person. Once this returns it is gone, even if the process ends at
    /// that instant: what is sent next may change the record at the vendor, and an older entry would then be wrong.
    ///
    /// # Errors
    ///
    /// The store cannot be written; the entry may still be there.
    async fn forget(&self, lane: &str, person: &Person) -> io::Result<()>;

    /// Returns once everything kept so far survives a power cut.
    ///
    /// # Errors
    ///
    /// The store cannot be written.
    async fn sync(&self) -> io::Result<()>;
}

/// The digest on which all agree, if each has one.
pub(super) fn agreed(mut each: impl Iterator<Item = io::Result<Option<Digest>>>) -> io::Result<Option<Digest>> {
    let Some(first) = each.next().transpose()?.flatten() else { return Ok(None) };
    for other in each {
        if other? != Some(first) {
            return Ok(None);
        }
    }
    Ok(Some(first))
}

/// A store in memory, for tests and for runs that repeat within one process.
#[derive(Debug)]
pub struct AcceptedMemory {
    key: PersonKey,
    entries: Mutex<HashMap<(Box<str>, Digest), Digest>>,
}

impl AcceptedMemory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        // Nothing leaves the process, so that any key serves.
        Self { key: PersonKey([0; 32]), entries: Mutex::default() }
    }
}

impl Default for AcceptedMemory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Accepted for AcceptedMemory {
    fn person(&self, customer: &Customer) -> Option<Person> {
        Person::of(customer, &self.key)
    }

    async fn last(&self, lane: &str, person: &Person) -> io::Result<Option<Digest>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        agreed(person.digests().map(|digest| Ok(entries.get(&(lane.into(), *digest)).copied())))
    }

    async fn put(&self, lane: &str, person: &Person, what: &Digest) -> io::Result<()> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.extend(person.digests().map(|digest| ((lane.into(), *digest), *what)));
        Ok(())
    }

    async fn forget(&self, lane: &str, person: &Person) -> io::Result<()> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for digest in person.digests() {
            entries.remove(&(lane.into(), *digest));
        }
        Ok(())
    }

    async fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
