//! The files of `fixtures/`: what they leave out is put in here.
//!
//! A file is one exchange, or several `cases` that have the same input and the same requests: each case has a name, facts,
//! an outcome, and the answers that the exchange itself does not hold (`response` where that is one, else `responses`).
//!
//! `_defaults.json` of a folder, or of the nearest folder above, is a list of rules for the headers of requests. A rule
//! holds for each request that it fits: `body` says whether one is sent, `path` is a part of the path. A later rule wins
//! over an earlier one, and a file over both. `null` means that the header must be absent. `{version}` is this crate's.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

const OF_A_CASE: [&str; 6] = ["name", "facts", "response", "responses", "outcome", "waits_seconds"];

/// One exchange, with all that has to come.
#[derive(Debug)]
pub struct Case {
    /// `file` or `file: case`.
    pub name: String,
    pub exchange: Value,
}

impl Case {
    /// The case's name, or that of a file without cases.
    pub fn short_name(&self) -> &str {
        let name = self.name.rsplit_once(": ").map_or(self.name.as_str(), |(_, case)| case);
        name.strip_suffix(".json").unwrap_or(name)
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The files with exchanges in a folder, in the order of their names.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).expect("fixtures").map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json") && !path.ends_with("_defaults.json"));
    files.sort();
    assert!(!files.is_empty(), "no exchange in {}", dir.display());
    files
}

fn parse(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The exchanges of a file.
pub fn cases(path: &Path) -> Vec<Case> {
    let defaults = Defaults::near(path);
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut whole = parse(path);
    for turn in whole["exchange"].as_array_mut().expect("an exchange") {
        turn["request"]["headers"] = Value::Object(defaults.headers(&turn["request"]));
    }
    let Some(Value::Array(cases)) = whole.as_object_mut().expect("an object").remove("cases") else {
        return vec![Case { name: file, exchange: whole }];
    };
    assert!(cases.len() > 1, "{file}: one case is no list of cases");
    let own = ["facts", "outcome", "waits_seconds"].iter().any(|key| whole.get(key).is_some());
    assert!(!own, "{file}: facts, outcome and waits belong to the cases");
    cases.into_iter().map(|case| expanded(&file, &whole, case)).collect()
}

fn expanded(file: &str, whole: &Value, case: Value) -> Case {
    let Value::Object(case) = case else { panic!("{file}: a case is an object") };
    let name = format!("{file}: {}", case.get("name").and_then(Value::as_str).expect("a case has a name"));
    if let Some(key) = case.keys().find(|key| !OF_A_CASE.contains(&key.as_str())) {
        panic!("{name}: {key} is no part of a case");
    }
    let mut exchange = whole.clone();
    let mut answers = match (case.get("response"), case.get("responses")) {
        (Some(one), None) => vec![one.clone()],
        (None, Some(Value::Array(several))) => several.clone(),
        (None, None) => Vec::new(),
        _ => panic!("{name}: either response or responses"),
    }
    .into_iter();
    for turn in exchange["exchange"].as_array_mut().expect("an exchange") {
        if turn.get("response").is_none() {
            turn["response"] = answers.next().unwrap_or_else(|| panic!("{name} lacks an answer"));
        }
    }
    assert!(answers.next().is_none(), "{name} has an answer too many");
    for key in ["facts", "outcome", "waits_seconds"] {
        if let Some(value) = case.get(key) {
            exchange[key] = value.clone();
        }
    }
    Case { name, exchange }
}

/// The headers that requests have where a file names no others.
#[derive(Debug)]
pub struct Defaults(Vec<Value>);

impl Defaults {
    /// Those of a file.
    pub fn near(file: &Path) -> Self {
        let folders = file.ancestors().skip(1);
        let found = folders.map(|folder| folder.join("_defaults.json")).find(|path| path.is_file());
        let rules = found.map(|path| match parse(&path) {
            Value::Array(rules) => rules,
            _ => panic!("{}: a list of rules", path.display()),
        });
        Self(rules.unwrap_or_default())
    }

    /// The headers of a request by the rules alone, as they are written.
    pub fn of_rules(&self, request: &Value) -> Map<String, Value> {
        let has_body = ["body", "form", "body_text"].iter().any(|key| request.get(key).is_some_and(|v| !v.is_null()));
        let path = request["path"].as_str().unwrap_or_default();
        let fits = |rule: &&Value| {
            rule.get("body").is_none_or(|body| body.as_bool().expect("true or false") == has_body)
                && rule.get("path").is_none_or(|part| path.contains(part.as_str().expect("a part of the path")))
        };
        let rules = self.0.iter().filter(fits);
        rules.flat_map(|rule| rule["headers"].as_object().expect("headers").clone()).collect()
    }

    /// The headers that have to come: those of the rules and the file's own.
    fn headers(&self, request: &Value) -> Map<String, Value> {
        let own = request["headers"].as_object().cloned().unwrap_or_default();
        let all = self.of_rules(request).into_iter().chain(own);
        all.map(|(name, value)| (name, with_version(&value))).collect()
    }
}

/// A header's value with the crate's version in its place.
pub fn with_version(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("{version}", env!("CARGO_PKG_VERSION")).into(),
        other => other.clone(),
    }
}
