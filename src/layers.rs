//! The module diagram of docs/architecture.md, compared with the code: no module uses one that is not below it, every arrow
//! is there for a reason, and napi, ort and image stay where they belong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Modules that every other may use: they are not drawn.
const FOUNDATION: [&str; 5] = ["allocator", "error", "files", "load_cancel", "memory"];

type Edges = BTreeMap<String, BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The arrows between modules: `from["src/from: …"] --> to["…"]`, or without the text where it was given before.
fn drawn() -> Edges {
    let map = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let diagram = map.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut edges = Edges::new();
    for (from, to) in diagram.lines().filter_map(|line| line.split_once("-->")) {
        let name = |text: &str| text.trim().split('[').next().unwrap_or_default().to_owned();
        edges.entry(name(from)).or_default().insert(name(to));
    }
    edges.remove("js");
    edges
}

/// All Rust files under a folder but those of tests.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
        if ["tests", "cases", "reference"].contains(&name.as_str()) {
            continue;
        }
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// The code of a module without its tests and comments.
fn code(module: &str) -> String {
    let (folder, mut files) = (root().join("src").join(module), Vec::new());
    if folder.is_dir() {
        sources(&folder, &mut files);
    } else {
        files.push(folder.with_extension("rs"));
    }
    let mut code = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in text.lines() {
            code.push_str(line.split("//").next().unwrap_or_default());
            code.push('\n');
        }
    }
    code
}

/// The names after each `prefix` in some code.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    code.split(prefix).skip(1).map(name).collect()
}

/// The modules of the crate as src/lib.rs declares them.
fn modules() -> BTreeSet<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let declared = declared.map(|name| name.trim_end_matches(';').to_owned());
    declared.filter(|name| !["hostile", "layers"].contains(&name.as_str())).collect()
}

/// The crates of the workspace that the code names: `upscaler_NAME::`.
fn crates_in(code: &str) -> impl Iterator<Item = String> {
    let named = names_after(code, "upscaler_").into_iter();
    named.filter(|name| root().join("crates").join(name).is_dir())
}

/// Which modules use which, without the foundation.
fn used() -> Edges {
    let drawn = |name: &String| !FOUNDATION.contains(&name.as_str());
    let mut edges = Edges::new();
    for module in modules().into_iter().filter(drawn) {
        let code = code(&module);
        let mut names: BTreeSet<_> = names_after(&code, "crate::").into_iter().filter(drawn).collect();
        names.extend(crates_in(&code));
        names.remove(&module);
        edges.insert(module, names);
    }
    edges
}

/// What can be reached from `from` along arrows.
fn below(edges: &Edges, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(next) = open.pop() {
        for name in edges.get(&next).into_iter().flatten() {
            if found.insert(name.clone()) {
                open.push(name.clone());
            }
        }
    }
    found
}

#[test]
fn modules_use_those_below_them_in_the_diagram_alone() {
    let (drawn, used) = (drawn(), used());
    for (module, uses) in &used {
        let below = below(&drawn, module);
        assert!(!below.contains(module), "{module} lies below itself");
        for name in uses {
            assert!(
                below.contains(name),
                "src/{module} uses {name}, which docs/architecture.md does not allow"
            );
        }
    }
}

#[test]
fn every_arrow_of_the_diagram_is_used() {
    let used = used();
    for (module, below) in drawn().iter() {
        let uses = used.get(module).unwrap_or_else(|| panic!("docs/architecture.md has no module {module}"));
        for name in below {
            assert!(uses.contains(name), "src/{module} does not use {name}: the arrow is gone");
        }
    }
}

/// But for crates, which know nothing of this one: the error type is made from theirs.
#[test]
fn the_foundation_uses_no_module_that_is_drawn() {
    for module in FOUNDATION {
        let names = names_after(&code(module), "crate::");
        let drawn: Vec<_> = names.iter().filter(|name| !FOUNDATION.contains(&name.as_str())).collect();
        assert!(drawn.is_empty(), "src/{module}.rs uses {drawn:?}");
    }
}

#[test]
fn napi_ort_and_image_are_known_to_one_module_each() {
    for (library, owner) in [("napi", "node"), ("ort", "engine"), ("image", "raster")] {
        for module in modules().into_iter().filter(|module| module != owner) {
            let code = code(&module);
            let uses = |start: &str| code.contains(&format!("{start}{library}::"));
            assert!(!["use ", " ", "(", "<", "&"].into_iter().any(uses), "src/{module} uses {library}");
        }
        assert!(code(owner).contains(&format!("use {library}::")), "src/{owner} uses {library}");
    }
}
