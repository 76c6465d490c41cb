//! Arrows go down: no two modules of a part of the crate need each other, but for a parent and its child.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::tree::{root, rust_files};

/// The paths of a use declaration: `a::{b, c::{d}}` names `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in inside.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(expand).map(|path| format!("{}{path}", head.trim())).collect()
}

/// The module of a file below `src`: `delivery/lane/mod.rs` is `delivery::lane`.
fn module(file: &Path) -> String {
    let path = file.strip_prefix(root().join("src")).unwrap().with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let parts = if parts.last().is_some_and(|part| part == "mod") { &parts[..parts.len() - 1] } else { &parts[..] };
    parts.join("::")
}

/// The modules that the code of a module names in its use declarations, tests aside.
fn uses(module: &str, text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let is_start =
            rest[..at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty() || line.trim().starts_with("pub"));
        let after = &rest[at + 4..];
        let Some((declaration, next)) = after.split_once(';') else { break };
        if !is_start {
            rest = after;
            continue;
        }
        rest = next;
        for path in expand(declaration) {
            let mut here: Vec<&str> = module.split("::").collect();
            let mut parts: Vec<&str> = path.split("::").collect();
            match parts.first() {
                Some(&"crate") => here.clear(),
                Some(&"self") => {}
                Some(&"super") => {}
                _ => continue,
            }
            while let Some(&first) = parts.first() {
                match first {
                    "super" => drop(here.pop()),
                    "crate" | "self" => {}
                    _ => break,
                }
                parts.remove(0);
            }
            here.extend(parts);
            // The longest part of the path that is a module; what is left names an item of it.
            while !here.is_empty() {
                let name = here.join("::");
                if modules.contains(&name) {
                    if name != module {
                        found.insert(name);
                    }
                    break;
                }
                here.pop();
            }
        }
    }
    found
}

fn is_family(a: &str, b: &str) -> bool {
    a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"))
}

/// The circles below a folder of `src`, each as the modules that reach each other.
fn circles(folder: &str) -> Vec<BTreeSet<String>> {
    let files = rust_files(&root().join("src").join(folder));
    let files = files.into_iter().filter(|file| file.file_name().is_some_and(|name| name != "tests.rs"));
    let files: BTreeMap<String, String> =
        files.map(|file| (module(&file), fs::read_to_string(&file).unwrap())).collect();
    let modules: BTreeSet<String> = files.keys().cloned().collect();
    let edges: BTreeMap<&String, BTreeSet<String>> = files
        .iter()
        .map(|(name, text)| {
            let others = uses(name, text, &modules).into_iter().filter(|other| !is_family(name, other));
            (name, others.collect())
        })
        .collect();
    let reach = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(at) = open.pop() {
            for next in &edges[&at] {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = modules.iter().map(|name| (name, reach(name))).collect();
    let mut circles = BTreeSet::new();
    for name in modules.iter().filter(|name| reached[name].contains(*name)) {
        let circle: BTreeSet<String> =
            reached[name].iter().filter(|other| reached[other].contains(name)).cloned().collect();
        circles.insert(circle);
    }
    circles.into_iter().collect()
}

#[test]
fn no_module_needs_one_that_needs_it() {
    let mut found = Vec::new();
    for folder in ["client", "conformance", "customer", "delivery", "memory", "plan", "sandbox"] {
        found.extend(circles(folder));
    }
    for name in super::tree::providers() {
        found.extend(circles(&format!("providers/{name}")));
    }
    let text: Vec<_> = found.iter().map(|circle| circle.iter().cloned().collect::<Vec<_>>().join(" <-> ")).collect();
    assert!(found.is_empty(), "{}", text.join("\n"));
}

#[test]
fn a_circle_is_found() {
    let modules: BTreeSet<String> = ["a", "a::b", "a::c", "a::c::d"].map(str::to_owned).into();
    let text = "use super::c::{self, d::{X, Y as Z}};\npub use crate::a::b;\nuse std::fmt;\n#[cfg(test)]\nmod tests { use super::q; }";
    let found = uses("a::b", text, &modules);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a::c", "a::c::d"]);
    assert!(is_family("a", "a::b") && !is_family("a::b", "a::c") && !is_family("ab", "a"));
    assert_eq!(expand("a::{b, c::{d, e}}"), ["a::b", "a::c::d", "a::c::e"]);
}
