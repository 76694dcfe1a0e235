//! How the contract that a component was built against differs from the one that this host serves: every difference by
//! name, as its author can find it. The library that links stops at the first, and counts fields.

use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Interface, InterfaceId, Resolve, WorldItem};

use super::wit_type::{Parts, parts, signature};

const CONTRACT: &str = include_str!("../../wit/source.wit");
const PACKAGE: &str = "sluice:source/";

/// What it has, and what is expected; none if it fits, or if that cannot be told.
pub fn differences(component: &[u8]) -> Vec<String> {
    let Ok(DecodedWasm::Component(built, world)) = decode(component) else {
        return Vec::new();
    };
    let mut served = Resolve::default();
    let package = served
        .push_source("source.wit", CONTRACT)
        .expect("the host was built from it");
    let mut found = Vec::new();
    let world = &built.worlds[world];
    let items = [("imports", &world.imports), ("exports", &world.exports)];
    let items = items
        .into_iter()
        .flat_map(|(verb, items)| items.values().map(move |item| (verb, item)));
    for (verb, item) in items {
        let WorldItem::Interface { id: built_id, .. } = item else {
            continue;
        };
        let Some(name) = name_of(&built, *built_id) else {
            continue;
        };
        // What has a name that the contract lacks is refused before.
        let Some(served_id) = served.packages[package].interfaces.get(&name) else {
            continue;
        };
        let pair = Pair {
            name: format!("{PACKAGE}{name}"),
            built: Side {
                resolve: &built,
                interface: &built.interfaces[*built_id],
            },
            served: Side {
                resolve: &served,
                interface: &served.interfaces[*served_id],
            },
        };
        pair.types(&mut found);
        pair.functions(verb, &mut found);
        if verb == "exports" {
            pair.missing(&mut found);
        }
    }
    found
}

/// `database` of `sluice:source/database@0.1.0`; none for other packages.
fn name_of(resolve: &Resolve, id: InterfaceId) -> Option<String> {
    let name = resolve.id_of(id)?;
    let name = name.strip_prefix(PACKAGE)?.split('@').next()?;
    Some(name.to_owned())
}

struct Side<'a> {
    resolve: &'a Resolve,
    interface: &'a Interface,
}

/// One interface as it was built, and as it is served.
struct Pair<'a> {
    name: String,
    built: Side<'a>,
    served: Side<'a>,
}

impl Pair<'_> {
    fn types(&self, found: &mut Vec<String>) {
        for (name, id) in &self.built.interface.types {
            let Some(served) = self.served.interface.types.get(name) else {
                continue;
            };
            let built = parts(self.built.resolve, *id);
            if let Some((built, served)) = built.zip(parts(self.served.resolve, *served)) {
                self.parts(name, &built, &served, found);
            }
        }
    }

    fn parts(&self, name: &str, built: &Parts, served: &Parts, found: &mut Vec<String>) {
        let interface = &self.name;
        if built.word != served.word {
            found.push(format!(
                "the {} \"{name}\" of {interface}, expected is a {}",
                built.word, served.word
            ));
            return;
        }
        let (word, part) = (built.word, built.part);
        let before = found.len();
        for (key, whole) in &built.parts {
            match served.parts.iter().find(|(other, _)| other == key) {
                None => found.push(format!(
                    "the {part} \"{whole}\" in the {word} \"{name}\" of {interface}, where none is expected"
                )),
                Some((_, expected)) if expected != whole => found.push(format!(
                    "the {part} \"{whole}\" in the {word} \"{name}\" of {interface}, expected is \"{expected}\""
                )),
                Some(_) => {}
            }
        }
        for (key, whole) in &served.parts {
            if !built.parts.iter().any(|(other, _)| other == key) {
                found.push(format!("no {part} \"{whole}\" in the {word} \"{name}\" of {interface}, where it is expected"));
            }
        }
        if found.len() == before && built.parts != served.parts {
            found.push(format!(
                "the {part}s of the {word} \"{name}\" of {interface} in another order"
            ));
        }
    }

    fn functions(&self, verb: &str, found: &mut Vec<String>) {
        for (name, function) in &self.built.interface.functions {
            let (shown, interface) = (spoken(name), &self.name);
            let Some(served) = self.served.interface.functions.get(name) else {
                // Another export harms nobody.
                if verb == "imports" {
                    found.push(format!("the imported function \"{shown}\" of {interface}, which this host does not have"));
                }
                continue;
            };
            let (built, expected) = (
                self.built.signature(function),
                self.served.signature(served),
            );
            if built != expected {
                found.push(format!(
                    "the function \"{shown}\" of {interface} as {built}, expected is {expected}"
                ));
            }
        }
    }

    fn missing(&self, found: &mut Vec<String>) {
        for (name, function) in &self.served.interface.functions {
            if !self.built.interface.functions.contains_key(name) {
                let (shown, expected) = (spoken(name), self.served.signature(function));
                found.push(format!(
                    "no function \"{shown}\" of {}, expected is {expected}",
                    self.name
                ));
            }
        }
    }
}

impl Side<'_> {
    fn signature(&self, function: &Function) -> String {
        signature(self.resolve, function)
    }
}

/// `reader.next` of `[method]reader.next`
fn spoken(function: &str) -> &str {
    function.rsplit_once(']').map_or(function, |(_, name)| name)
}
