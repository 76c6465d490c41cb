//! The layout's rules: a provider is one folder, its fixtures, its tests and one line; arrows go one way.

use std::fs;
use std::path::{Path, PathBuf};

use customer_sink::providers::MATRICES;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

pub fn providers() -> Vec<String> {
    let entries = fs::read_dir(root().join("src/providers")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_provider_has_all_its_pieces() {
    let mut listed: Vec<_> = MATRICES.iter().map(|matrix| matrix.provider().as_str().to_owned()).collect();
    listed.sort();
    assert_eq!(providers(), listed, "the folders are the providers of MATRICES");
    for name in providers() {
        let fixtures =
            fs::read_dir(root().join("fixtures").join(&name)).unwrap_or_else(|_| panic!("{name} lacks fixtures"));
        assert!(fixtures.count() >= 5, "{name} has few exchanges");
        for file in ["mod.rs", "calls.rs", "flow.rs"] {
            assert!(
                root().join("tests/providers").join(&name).join(file).is_file(),
                "{name} lacks the tests of {file}"
            );
        }
    }
}

#[test]
fn no_provider_names_another_and_the_model_names_none() {
    let names = providers();
    for name in &names {
        for file in rust_files(&root().join("src/providers").join(name)) {
            let text = fs::read_to_string(&file).unwrap();
            for other in names.iter().filter(|other| *other != name) {
                let names_it = text.match_indices(&format!("{other}::")).any(|(at, _)| {
                    // `whale::` is a part of `triple_whale::`.
                    !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                });
                assert!(!names_it, "{} names {other}", file.display());
            }
        }
    }
    for file in rust_files(&root().join("src/customer")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!names.iter().any(|name| text.contains(name.as_str())), "{} names a vendor", file.display());
        assert!(!text.contains("serde_json::Value"), "{} names a JSON value type", file.display());
    }
}

/// The spellings of a provider's name in code: `triple_whale`, `TripleWhale`, `TRIPLE_WHALE`, `triple-whale`.
fn spellings(name: &str) -> Vec<String> {
    let capitalised = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    let camel_case: String = name.split('_').map(capitalised).collect();
    vec![name.to_owned(), camel_case, name.to_uppercase(), name.replace('_', "-")]
}

#[test]
fn shared_sandbox_files_name_no_vendor() {
    let names = providers();
    let sandbox = root().join("src/sandbox");
    for name in &names {
        for piece in ["mod.rs", "control.rs", "stand_in.rs", "tests.rs"] {
            assert!(sandbox.join(name).join(piece).is_file(), "the stand-in of {name} lacks {piece}");
        }
    }
    let is_shared = |file: &PathBuf| !names.iter().any(|name| file.starts_with(sandbox.join(name)));
    for file in rust_files(&sandbox).into_iter().filter(is_shared) {
        let text = fs::read_to_string(&file).unwrap();
        // The module of a stand-in has to be declared; examples in the docs may use one.
        let code =
            text.lines().map(str::trim_start).filter(|line| !line.starts_with("//") && !line.starts_with("pub mod "));
        for line in code {
            let named = names.iter().find(|name| spellings(name).iter().any(|spelling| line.contains(spelling)));
            assert!(named.is_none(), "{} names a vendor: {line}", file.display());
        }
    }
}

#[test]
fn one_file_alone_names_reqwest() {
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let names = text.contains("reqwest::") && !file.ends_with("client/reqwest.rs");
        // Tests of the stand-ins and module lines may: what must not is a type or call.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_test = file.file_name().is_some_and(|name| name == "tests.rs");
        assert!(
            !names || is_test || !code.contains("reqwest::") || code.contains("pub use reqwest::{"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn files_have_one_job_each() {
    for dir in ["src", "examples", "benches", "tests"] {
        for file in rust_files(&root().join(dir)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 620, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn no_secret_and_no_real_address_stands_in_a_fixture() {
    fn walk(dir: &Path, visit: &mut impl FnMut(&Path, &str)) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() { walk(&path, visit) } else { visit(&path, &fs::read_to_string(&path).unwrap()) }
        }
    }
    walk(&root().join("fixtures"), &mut |path, text| {
        for pattern in ["eyJhbGciOi", "shpat_", "sk_live_", "wk_live_"] {
            assert!(!text.contains(pattern), "{} looks like it holds a token", path.display());
        }
        for (at, _) in text.match_indices('@') {
            let domain: String =
                text[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
            let domain = domain.trim_matches('.').to_ascii_lowercase();
            let reserved = ["example.com", "example.org", "example.net"];
            let fine = reserved.iter().any(|known| domain == *known || domain.ends_with(&format!(".{known}")))
                || domain.ends_with(".test")
                || domain.ends_with(".local")
                || !domain.contains('.');
            assert!(fine, "{}: {domain} is no reserved domain", path.display());
        }
    });
}
