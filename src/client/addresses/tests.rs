use super::*;

#[test]
fn equal_ones_are_kept_before_places_are_updated() {
    let ours = ["a1", "a2", "c1"];
    let theirs = ["a2", "b1", "a9"];
    let actions = reconcile(3, 3, |o, t| ours[o] == theirs[t], |o, t| ours[o][..1] == theirs[t][..1]);
    assert_eq!(actions, [AddressAction::Update(2), AddressAction::Keep(0), AddressAction::Add]);
}

#[test]
fn two_of_ours_never_take_one_of_theirs() {
    let actions = reconcile(2, 1, |_, _| true, |_, _| true);
    assert_eq!(actions, [AddressAction::Keep(0), AddressAction::Add]);
}

#[test]
fn texts_compare_as_read() {
    assert!(same_text(Some("12  Fictional quay "), Some("12 FICTIONAL Quay")));
    assert!(same_text(None, Some(" ")));
    assert!(!same_text(Some("12"), None));
}

/// An address at the vendor: the first word of its text is the place.
#[derive(Clone, Debug, PartialEq)]
struct Their {
    id: Option<String>,
    text: String,
    default: bool,
}

fn their(id: &str, text: &str) -> Their {
    Their { id: Some(id.to_owned()), text: text.to_owned(), default: false }
}

/// What becomes of the next write.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It is carried out, and its answer gets lost.
    AnswerLost,
    /// It never arrives, and nothing shows that.
    RequestLost,
    /// It is refused.
    Refused,
    /// It is carried out, and its answer cannot be read.
    Unreadable,
}

#[derive(Default)]
struct Book {
    ours: Vec<&'static str>,
    held: Vec<Their>,
    fates: Vec<Fate>,
    log: Vec<String>,
    uncertain: bool,
    resolved: Vec<bool>,
    /// The vendor makes an added address the default one by itself, and shows that.
    default_with_add: bool,
    /// Lists show no ids.
    hides_ids: bool,
}

impl Book {
    fn new(held: &[Their], fates: &[Fate]) -> Self {
        Self { held: held.to_vec(), fates: fates.to_vec(), ..Self::default() }
    }

    fn write(&mut self, apply: impl FnOnce(&mut Self) -> Their) -> Result<Option<Their>, Error> {
        let fate = (!self.fates.is_empty()).then(|| self.fates.remove(0));
        let fail = |kind| Err(Error::new(kind, Effect::Rejected));
        match fate {
            None => Ok(Some(apply(self))),
            Some(Fate::Unreadable) => {
                apply(self);
                Ok(None)
            }
            Some(Fate::Refused) => fail(ErrorKind::Rejected),
            Some(lost) => {
                if lost == Fate::AnswerLost {
                    apply(self);
                }
                self.uncertain = true;
                fail(ErrorKind::Interrupted)
            }
        }
    }
}

impl AddressBook for Book {
    type Ours = &'static str;
    type Theirs = Their;

    fn id(theirs: &Their) -> Option<&str> {
        theirs.id.as_deref()
    }

    fn is_held(ours: &&'static str, theirs: &Their) -> bool {
        theirs.text == *ours
    }

    fn is_same_place(ours: &&'static str, theirs: &Their) -> bool {
        theirs.text.split(' ').next() == ours.split(' ').next()
    }

    fn is_default(&self, theirs: &Their) -> bool {
        theirs.default
    }

    fn is_default_after_add(&self, shown: Option<&Their>) -> bool {
        shown.is_some_and(|shown| shown.default)
    }

    async fn list(&mut self) -> Result<Vec<Their>, Error> {
        self.log.push("list".to_owned());
        let id = |their: &Their| their.id.clone().filter(|_| !self.hides_ids);
        Ok(self.held.iter().map(|their| Their { id: id(their), ..their.clone() }).collect())
    }

    async fn change(&mut self, ours: usize, address_id: &str) -> Result<Option<Their>, Error> {
        self.log.push(format!("change {address_id}"));
        self.write(|book| {
            let text = book.ours[ours].to_owned();
            let held = book.held.iter_mut().find(|their| their.id.as_deref() == Some(address_id)).unwrap();
            held.text = text;
            held.clone()
        })
    }

    async fn add(&mut self, ours: usize) -> Result<Option<Their>, Error> {
        self.log.push(format!("add {}", self.ours[ours]));
        self.write(|book| {
            let mut added = their(&format!("n{}", book.held.len()), book.ours[ours]);
            added.default = book.default_with_add;
            book.held.push(added.clone());
            added
        })
    }

    async fn set_default(&mut self, address_id: &str) -> Result<(), Error> {
        self.log.push(format!("default {address_id}"));
        for their in &mut self.held {
            their.default = their.id.as_deref() == Some(address_id);
        }
        Ok(())
    }

    fn default_origin(&self) -> Origin {
        (crate::provider::ProviderId::new("example"), "set_default_address").into()
    }

    fn ledger(&mut self) -> &mut dyn Ledger {
        self
    }
}

impl Ledger for Book {
    fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    fn resolve_uncertainty(&mut self, applied: bool) {
        self.uncertain = false;
        self.resolved.push(applied);
    }

    fn finish(&self, error: Error) -> Error {
        error.with_attempts(9)
    }
}

/// Synchronises with what the vendor holds. Gives the requests and what was written.
async fn run(book: &mut Book, ours: &[&'static str], default: Option<usize>) -> (Result<(), Error>, Written) {
    book.ours = ours.to_vec();
    let held = book.held.clone();
    let mut written = Written::default();
    let done = synchronise(book, ours, &held, default, &mut written).await;
    (done, written)
}

fn texts(log: &[&str]) -> Vec<String> {
    log.iter().map(|line| (*line).to_owned()).collect()
}

#[tokio::test]
async fn only_what_differs_is_written_in_the_order_of_the_record_and_the_default_last() {
    let mut book = Book::new(&[their("1", "c x"), their("2", "a")], &[]);
    let (done, written) = run(&mut book, &["a", "b", "c y"], Some(1)).await;
    done.unwrap();
    assert_eq!(book.log, ["add b", "change 1", "default n2"]);
    assert_eq!(written, Written { changed: vec![2], added: vec![1], default: true });
    assert!(written.any() && written.contains(1) && written.contains(2) && !written.contains(0));
    // A second run finds everything in place.
    book.log.clear();
    let (done, written) = run(&mut book, &["a", "b", "c y"], Some(1)).await;
    done.unwrap();
    assert!(book.log.is_empty() && !written.any(), "{:?}", book.log);
}

#[tokio::test]
async fn the_default_is_set_where_it_is_not_the_default_already() {
    for (is_default, log) in [(true, vec![]), (false, vec!["default 1"])] {
        let mut book = Book::new(&[Their { default: is_default, ..their("1", "a") }], &[]);
        run(&mut book, &["a"], Some(0)).await.0.unwrap();
        assert_eq!(book.log, log);
    }
    // A vendor that sets it with the add.
    let mut book = Book { default_with_add: true, ..Book::new(&[], &[]) };
    run(&mut book, &["a"], Some(0)).await.0.unwrap();
    assert_eq!(book.log, ["add a"]);
    // Without a default in the record, the vendor's stays.
    let mut book = Book::new(&[their("1", "a")], &[]);
    run(&mut book, &["a"], None).await.0.unwrap();
    assert!(book.log.is_empty());
}

#[tokio::test]
async fn a_lost_add_is_looked_for_and_sent_again_only_where_it_is_not_there() {
    for (fate, log) in [
        (Fate::AnswerLost, vec!["add b", "list", "add c", "default n1"]),
        (Fate::RequestLost, vec!["add b", "list", "add b", "add c", "default n1"]),
    ] {
        let mut book = Book::new(&[their("1", "a")], &[fate]);
        let (done, written) = run(&mut book, &["a", "b", "c"], Some(1)).await;
        done.unwrap();
        assert_eq!((book.log.as_slice(), written.added), (texts(&log).as_slice(), vec![1, 2]));
        assert_eq!(book.held.iter().map(|their| their.text.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(book.resolved, [fate == Fate::AnswerLost]);
    }
    // Lost twice: read twice, sent twice, and an error that may be tried again.
    let mut book = Book::new(&[], &[Fate::RequestLost, Fate::RequestLost]);
    let (done, written) = run(&mut book, &["a", "b"], None).await;
    let error = done.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable(), error.attempts()), (ErrorKind::Interrupted, true, 9));
    assert_eq!(book.log, ["add a", "list", "add a", "list"]);
    assert_eq!((written.added, book.uncertain), (vec![0], false));
}

#[tokio::test]
async fn of_two_alike_addresses_a_lost_one_is_not_taken_for_the_other() {
    for (fate, adds) in [(Fate::AnswerLost, 1), (Fate::RequestLost, 2)] {
        for hides_ids in [false, true] {
            let mut book = Book { hides_ids, ..Book::new(&[their("1", "a")], &[fate]) };
            book.held[0].id = book.held[0].id.take().filter(|_| !hides_ids);
            let (done, _) = run(&mut book, &["a", "a"], None).await;
            done.unwrap();
            let sent = book.log.iter().filter(|line| line.starts_with("add")).count();
            assert_eq!((book.held.len(), sent), (2, adds), "{hides_ids}");
        }
    }
}

#[tokio::test]
async fn a_lost_change_is_looked_for_as_well() {
    for (fate, log) in
        [(Fate::AnswerLost, vec!["change 1", "list"]), (Fate::RequestLost, vec!["change 1", "list", "change 1"])]
    {
        let mut book = Book::new(&[their("1", "a x")], &[fate]);
        let (done, written) = run(&mut book, &["a y"], None).await;
        done.unwrap();
        assert_eq!((book.log.as_slice(), written.changed), (texts(&log).as_slice(), vec![0]));
        assert_eq!(book.held[0].text, "a y");
    }
    let mut book = Book::new(&[their("1", "a x")], &[Fate::RequestLost, Fate::RequestLost]);
    assert_eq!(run(&mut book, &["a y"], None).await.0.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(book.log, ["change 1", "list", "change 1"]);
    assert!(book.uncertain, "the doubt stays in the effect");
}

#[tokio::test]
async fn a_refusal_ends_it_and_what_was_sent_before_is_reported() {
    let mut book = Book::new(&[their("1", "a x")], &[]);
    book.fates = vec![Fate::Unreadable, Fate::Refused];
    let (done, written) = run(&mut book, &["a y", "b", "c"], Some(0)).await;
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(book.log, ["change 1", "add b"]);
    assert_eq!(written, Written { changed: vec![0], added: vec![1], default: false });
    // In doubt before: nothing shows which write is meant, so that nothing is repeated.
    let mut book = Book { uncertain: true, ..Book::new(&[], &[Fate::Refused]) };
    assert!(run(&mut book, &["a"], None).await.0.is_err());
    assert_eq!((book.log.len(), book.uncertain), (1, true));
}

#[tokio::test]
async fn an_answer_without_an_id_is_looked_up_where_the_default_needs_it() {
    let mut book = Book::new(&[], &[Fate::Unreadable]);
    run(&mut book, &["a"], Some(0)).await.0.unwrap();
    assert_eq!(book.log, ["add a", "list", "default n0"]);
    let mut book = Book::new(&[], &[Fate::Unreadable]);
    run(&mut book, &["a"], None).await.0.unwrap();
    assert_eq!(book.log, ["add a"]);
    let mut book = Book { hides_ids: true, ..Book::new(&[], &[Fate::Unreadable]) };
    let error = run(&mut book, &["a"], Some(0)).await.0.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), error.attempts()),
        (ErrorKind::Decode, Some("set_default_address"), 9)
    );
}

#[tokio::test]
async fn addresses_are_read_where_a_look_up_may_have_left_some_out() {
    let mut book = Book::new(&[their("1", "a"), their("2", "b")], &[]);
    let shown = shown_or_listed(&mut book, &["a"], vec![their("1", "a")]).await.unwrap();
    assert_eq!((shown.len(), book.log.len()), (1, 0));
    let listed = shown_or_listed(&mut book, &["a", "b"], shown).await.unwrap();
    assert_eq!((listed.len(), book.log.as_slice()), (2, &["list".to_owned()][..]));
}

#[test]
fn a_synchronisation_can_go_to_another_thread() {
    fn check(_: impl Send) {}
    fn generic<B: AddressBook>(book: &mut B, ours: &[B::Ours], theirs: &[B::Theirs]) {
        let mut written = Written::default();
        check(synchronise(book, ours, theirs, None, &mut written));
    }
    generic(&mut Book::default(), &["a"], &[]);
}
