//! Which contract a component was built for, read from the names of its imports and exports before any linking.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::bounds;

const PACKAGE: &str = "sluice:source/";
/// What this host serves: every 0.1.x, each side may be the older one.
const MAJOR: (u64, u64) = (0, 1);
const SERVED: &str = "0.1";
const IMPORTS: &[&str] = &["types", "files", "database", "log"];
const EXPORT: &str = "source";

/// An interface of the contract's package and its version: `sluice:source/database@0.1.0`.
struct Interface<'a> {
    name: &'a str,
    version: &'a str,
}

impl<'a> Interface<'a> {
    fn of(extern_name: &'a str) -> Option<Self> {
        let (name, version) = extern_name
            .strip_prefix(PACKAGE)?
            .split_once('@')
            .unwrap_or((extern_name, ""));
        Some(Self { name, version })
    }

    fn is_served(&self) -> bool {
        let mut numbers = self.version.split('.').map(str::parse::<u64>);
        let served = matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) == MAJOR);
        // A third number, and no pre-release: those match only themselves.
        served && matches!(numbers.next(), Some(Ok(_))) && numbers.next().is_none()
    }
}

/// Sentences that name what is imported or exported and what to do; none if all names are right.
pub fn problems(component: &Component, engine: &Engine) -> Vec<String> {
    let component_type = component.component_type();
    let imports = component_type.imports(engine);
    let mut problems: Vec<String> = imports
        .filter_map(|(import, _)| check_import(import).err())
        .collect();
    let exports = component_type.exports(engine);
    let mut of_contract = exports
        .filter_map(|(export, _)| Interface::of(export))
        .filter(|of| of.name == EXPORT);
    match of_contract.next() {
        None => problems.push(format!(
            "exports no {PACKAGE}{EXPORT}: it is a component, but not a source plugin of contract {SERVED}"
        )),
        Some(source) if !source.is_served() => problems.push(wrong_version(source.version)),
        Some(_) => {}
    }
    // Each interface of another version is another name, and the same sentence.
    problems.dedup();
    problems
}

/// The contract and version that a component was built for, e.g. `sluice:source@0.1.0`.
pub fn built_for(component: &Component, engine: &Engine) -> String {
    let package = PACKAGE.trim_end_matches('/');
    let component_type = component.component_type();
    let mut interfaces = component_type
        .exports(engine)
        .filter_map(|(export, _)| Interface::of(export));
    let source = interfaces.find(|interface| interface.name == EXPORT);
    let version = bounds::visible(source.map_or("", |source| source.version), 60);
    format!("{package}@{version}")
}

fn check_import(import: &str) -> Result<(), String> {
    let Some(interface) = Interface::of(import) else {
        let import = bounds::visible(import, 200);
        return Err(format!(
            "imports {import}: a plugin may import {PACKAGE}* only, no files, sockets, clocks or environment; \
             build it for wasm32-unknown-unknown, without WASI"
        ));
    };
    if !interface.is_served() {
        return Err(wrong_version(interface.version));
    }
    if !IMPORTS.contains(&interface.name) {
        let name = bounds::visible(interface.name, 200);
        return Err(format!(
            "imports {PACKAGE}{name}, which this host does not have: update the host"
        ));
    }
    Ok(())
}

fn wrong_version(version: &str) -> String {
    let version = if version.is_empty() {
        "without a version".to_owned()
    } else {
        bounds::visible(version, 60)
    };
    format!(
        "was built for contract {PACKAGE} {version}; this host serves {SERVED}: build the plugin against the wit/ \
         folder of this host, or use a host that serves its version"
    )
}

/// Right names, wrong contents: a function that this host lacks or the plugin, or types that were changed by hand.
/// `reason` is what was found and what is expected.
pub fn does_not_fit(component: &Component, engine: &Engine, reason: &str) -> String {
    let built_for = built_for(component, engine);
    let reason = bounds::visible(reason, 300);
    format!(
        "says it was built for contract {built_for}, but does not fit the {SERVED} that this host serves ({reason}): \
         build it against the unchanged wit/ folder of this host, or update the host"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_of_the_served_version_is_served() {
        for (name, served) in [
            ("sluice:source/types@0.1.0", true),
            ("sluice:source/types@0.1.7", true),
            ("sluice:source/types@0.2.0", false),
            ("sluice:source/types@1.1.0", false),
            ("sluice:source/types@0.1.0-rc.1", false),
            ("sluice:source/types@0.1", false),
            ("sluice:source/types", false),
        ] {
            assert_eq!(
                Interface::of(name).is_some_and(|interface| interface.is_served()),
                served,
                "{name}"
            );
        }
    }

    #[test]
    fn imports_outside_the_contract_are_refused_by_name() {
        assert!(
            check_import("wasi:cli/environment@0.2.3")
                .is_err_and(|why| why.contains("wasi:cli/environment"))
        );
        assert!(
            check_import("sluice:source/database@2.0.0").is_err_and(|why| why.contains("2.0.0"))
        );
        assert!(
            check_import("sluice:source/queues@0.1.4")
                .is_err_and(|why| why.contains("update the host"))
        );
        assert!(check_import("sluice:source/log@0.1.0").is_ok());
    }
}
