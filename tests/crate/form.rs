//! The form of a provider: every folder has the same pieces, no more and no fewer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tree::{providers, root, rust_files};

/// Pieces that every provider has.
const REQUIRED: &[&str] = &[
    "README.md",
    "api",
    "client",
    "config",
    "error",
    "from_vendor",
    "lookup",
    "matrix",
    "mod",
    "operations",
    "request",
    "response",
    "sink",
    "to_vendor",
    "upsert",
];

/// Pieces that a provider has where its vendor needs them: tokens or an app's authorisation, address routes, an update of
/// what differs, webhooks.
const OPTIONAL: &[&str] = &["addresses", "auth", "diff", "webhook"];

/// What a second product of a vendor may share with the first, and so may lack.
const SHARED_BY_PRODUCTS: &[&str] =
    &["README.md", "api", "config", "error", "from_vendor", "lookup", "operations", "request", "response"];

/// Second products: folders of a provider that are filled-in forms themselves.
const PRODUCTS: &[(&str, &str)] = &[("yotpo", "loyalty")];

/// The names of the pieces of a folder: a piece is a file, or a folder with a `mod.rs`.
fn pieces(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_module = path.is_file() || path.join("mod.rs").is_file();
            if is_module { name.trim_end_matches(".rs").to_owned() } else { format!("{name}, which has no mod.rs") }
        })
        .collect()
}

/// What is wrong with a folder that should be a filled-in form. `products` are its folders that are forms themselves.
fn problems(folder: &Path, may_lack: &[&str], products: &[&str]) -> Vec<String> {
    let pieces = pieces(folder);
    let mut problems: Vec<_> = REQUIRED
        .iter()
        .filter(|piece| !may_lack.contains(piece) && !pieces.contains(**piece))
        .map(|piece| format!("{} lacks {piece}", folder.display()))
        .collect();
    let known = |piece: &str| REQUIRED.contains(&piece) || OPTIONAL.contains(&piece) || products.contains(&piece);
    let unknown = pieces.iter().filter(|piece| !known(piece));
    problems.extend(unknown.map(|piece| format!("{} has {piece}, which is no piece of the form", folder.display())));
    for product in products {
        problems.extend(self::problems(&folder.join(product), SHARED_BY_PRODUCTS, &[]));
    }
    problems
}

#[test]
fn every_provider_is_the_filled_in_form() {
    let mut found = Vec::new();
    for name in providers() {
        let products: Vec<_> = PRODUCTS.iter().filter(|(of, _)| *of == name).map(|(_, product)| *product).collect();
        found.extend(problems(&root().join("src/providers").join(&name), &[], &products));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_missing_piece_and_one_too_many_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for piece in REQUIRED {
        let name = if piece.contains('.') { (*piece).to_owned() } else { format!("{piece}.rs") };
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(problems(folder.path(), &[], &[]), Vec::<String>::new());
    fs::write(folder.path().join("webhook.rs"), "").unwrap();
    assert_eq!(problems(folder.path(), &[], &[]), Vec::<String>::new(), "an optional piece");
    fs::remove_file(folder.path().join("upsert.rs")).unwrap();
    fs::create_dir(folder.path().join("upsert")).unwrap();
    assert_eq!(problems(folder.path(), &[], &[]).len(), 2, "a folder without its mod.rs is no piece");
    fs::write(folder.path().join("upsert/mod.rs"), "").unwrap();
    assert_eq!(problems(folder.path(), &[], &[]), Vec::<String>::new(), "a piece may be a folder");
    fs::write(folder.path().join("helpers.rs"), "").unwrap();
    fs::remove_file(folder.path().join("lookup.rs")).unwrap();
    let found = problems(folder.path(), &[], &[]);
    assert!(found[0].ends_with("lacks lookup") && found[1].contains("has helpers"), "{found:?}");
    assert_eq!(found.len(), 2);
}

/// The code of a file in front of its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

#[test]
fn pure_pieces_do_no_io() {
    for name in providers() {
        let folder = root().join("src/providers").join(&name);
        for piece in ["request", "response", "to_vendor", "from_vendor", "diff", "error", "matrix"] {
            let mut files = vec![folder.join(format!("{piece}.rs"))];
            let within = folder.join(piece);
            if within.is_dir() {
                files = rust_files(&within);
            }
            for file in files.into_iter().filter(|file| file.is_file()) {
                let text = code(&file);
                assert!(!text.contains("async fn") && !text.contains(".await"), "{} does I/O", file.display());
            }
        }
    }
}

#[test]
fn a_sink_delegates() {
    for name in providers() {
        let file = root().join("src/providers").join(&name).join("sink.rs");
        let lines =
            code(&file).lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count();
        assert!(lines <= 100, "{} has {lines} lines of code: the work belongs to the other pieces", file.display());
    }
}
