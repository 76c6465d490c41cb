//! `sync` as a process, the files that it is given, and those that it leaves.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::vendors::Vendors;

/// Only a process that hangs takes so long.
pub const FAR_TOO_LONG: Duration = Duration::from_secs(180);

/// A process under way. It does not outlive this value.
pub struct Running {
    child: Child,
    texts: JoinHandle<(String, String)>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// None where a signal ended it.
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

fn program() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join("examples/sync");
    assert!(program.is_file(), "{} is missing: cargo build --example sync", program.display());
    program
}

/// Starts `sync` with these arguments; `changed` are variables that differ from those that lead to the vendors.
pub fn start(vendors: &Vendors, arguments: &[&str], changed: &[(&'static str, &str)]) -> Running {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        let prefixes = ["TRIPLE_WHALE_", "SHOPLINE_", "SHOPLAZZA_", "YOTPO_", "WHALE_"];
        if prefixes.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.envs(vendors.variables()).envs(changed.iter().copied());
    let mut child = command.spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    Running { child, texts: read(out, err) }
}

/// Reads both to their end, which is the end of the process.
fn read(mut out: impl Read + Send + 'static, mut err: impl Read + Send + 'static) -> JoinHandle<(String, String)> {
    fn all(from: &mut impl Read) -> String {
        let mut text = String::new();
        let _ = from.read_to_string(&mut text);
        text
    }
    tokio::task::spawn_blocking(move || {
        let err = std::thread::spawn(move || all(&mut err));
        (all(&mut out), err.join().unwrap())
    })
}

impl Running {
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Returns at the end of the process. It may be called again where it was not waited for.
    pub async fn end(&mut self) -> Ended {
        let Ok(texts) = tokio::time::timeout(FAR_TOO_LONG, &mut self.texts).await else { panic!("the process hangs") };
        let (out, err) = texts.unwrap();
        Ended { status: self.child.wait().unwrap().code(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `sync` to its end.
pub async fn run(vendors: &Vendors, arguments: &[&str]) -> Ended {
    run_with(vendors, arguments, &[]).await
}

pub async fn run_with(vendors: &Vendors, arguments: &[&str], changed: &[(&'static str, &str)]) -> Ended {
    start(vendors, arguments, changed).end().await
}

/// No vendor's own limit: the stand-ins have none.
pub const NO_LIMITS: &str = "--rate=triple_whale=off,shopline=off,shoplazza=off,yotpo=off,whale=off";

/// A folder for a test's files.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path as an argument.
    pub fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.name(name)
    }

    /// Writes this many people as JSON Lines.
    pub fn people(&self, name: &str, count: usize) -> String {
        self.write(name, &people(count))
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn lines(&self, name: &str) -> Vec<Value> {
        json_lines(&self.path(name))
    }

    /// The report: what became of each record at each provider. No pair stands there twice.
    pub fn report(&self, name: &str) -> BTreeMap<(u64, String), Value> {
        let mut report = BTreeMap::new();
        for line in self.lines(name) {
            let key = (line["index"].as_u64().unwrap(), line["provider"].as_str().unwrap().to_owned());
            let twice = report.insert(key.clone(), line);
            assert!(twice.is_none(), "{key:?} has two lines");
        }
        report
    }
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// This many people as JSON Lines.
pub fn people(count: usize) -> String {
    (0..count).map(|number| format!("{}\n", person(number))).collect()
}

pub fn email(number: usize) -> String {
    format!("person{number:04}@example.com")
}

/// A made-up person whom every vendor can take.
fn person(number: usize) -> Value {
    let mut person = json!({
        "external_id": format!("p-{number:04}"),
        "email": email(number),
        "first_name": "Ada",
        "last_name": format!("Sample{}", number % 7),
        "email_marketing": {"state": if number.is_multiple_of(2) { "unsubscribed" } else { "subscribed" }},
    });
    if number.is_multiple_of(3) {
        person["phone"] = json!(format!("+1212555{number:04}"));
    }
    if number.is_multiple_of(4) {
        person["addresses"] = json!([{
            "first_name": "Ada", "last_name": "Sample", "line1": format!("{number} Example Way"), "city": "Salem",
            "province": "Oregon", "province_code": "OR", "postal_code": "97301",
            "country": "United States", "country_code": "US", "default": true,
        }]);
    }
    person
}

/// How many lines of a report have which outcome.
pub fn outcomes(report: &BTreeMap<(u64, String), Value>) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in report.values() {
        *counts.entry(line["outcome"].as_str().unwrap()).or_default() += 1;
    }
    counts
}
