//! The load gate: what a component must be before it may serve, and our words for everything that it is not.
//! The library's own messages speak to people who write linkers.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::bindings::SourcePluginPre;
use super::bounds;
use super::cache::Cache;
use super::contract;
use super::differences::differences;
use super::engine::Runtime;
use super::fault::Identity;
use super::imports::State;
use super::instance::Instance;
use super::limits::{Limits, MAX_FILE_BYTES};
use super::loaded::Plugin;
use super::{Description, bindings};

/// `\0asm`
const MAGIC: &[u8] = b"\0asm";
/// Version and layer of a component, as the first eight bytes of the file say them.
const COMPONENT_LAYER: &[u8] = &[0x0d, 0x00, 0x01, 0x00];

/// SHA-256, 64 hex digits.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
            text
        })
}

/// Checks, compiles (or takes from the cache) and links. Blocks: not for an async thread.
///
/// # Errors
/// A sentence about the file, for its operator.
pub fn compile(
    runtime: &Runtime,
    cache: Option<&Cache>,
    bytes: &[u8],
) -> Result<SourcePluginPre<State>, String> {
    check_header(bytes)?;
    let digest = digest(bytes);
    if let Some(cached) = cache.and_then(|cache| cache.load(&runtime.engine, &digest)) {
        return link(runtime, &cached);
    }
    let component = component(runtime, bytes)?;
    let mut problems = problems(runtime, &component, bytes);
    if !problems.is_empty() {
        let first = problems.swap_remove(0);
        return Err(match problems.len() {
            0 => first,
            more => format!("{first} (and {more} more: see `sluice plugin check`)"),
        });
    }
    if let Some(cache) = cache
        && let Err(error) = cache.store(&runtime.engine, &digest, &component)
    {
        // It only costs the next start some time.
        tracing::warn!(%error, "cannot keep a compiled plugin in the cache folder");
    }
    link(runtime, &component)
}

/// Compiles, whatever it imports and exports.
///
/// # Errors
/// It is no component, or not one that this engine takes.
pub fn component(runtime: &Runtime, bytes: &[u8]) -> Result<Component, String> {
    check_header(bytes)?;
    Component::from_binary(&runtime.engine, bytes).map_err(|error| {
        let reason = bounds::visible(&error.root_cause().to_string(), 300);
        format!("is damaged, or uses WebAssembly features that this host does not allow: {reason}")
    })
}

/// Everything in which it is not what this host serves.
pub fn problems(runtime: &Runtime, component: &Component, bytes: &[u8]) -> Vec<String> {
    let problems = contract::problems(component, &runtime.engine);
    if !problems.is_empty() {
        return problems;
    }
    let found = differences(bytes);
    let sentence = |what: &String| contract::does_not_fit(component, &runtime.engine, what);
    found.iter().map(sentence).collect()
}

/// # Errors
/// What the other checks did not see.
pub fn link(runtime: &Runtime, component: &Component) -> Result<SourcePluginPre<State>, String> {
    let linked = runtime
        .linker
        .instantiate_pre(component)
        .and_then(SourcePluginPre::new);
    linked
        .map_err(|error| contract::does_not_fit(component, &runtime.engine, &format!("{error:#}")))
}

/// Instantiates once and asks what it is, twice. A wrong type in an export shows only here.
pub async fn admit(
    component: SourcePluginPre<State>,
    origin: &str,
    limits: &Arc<Limits>,
) -> Result<Plugin, String> {
    let unnamed = Arc::new(Identity {
        origin: origin.to_owned(),
        named: None,
    });
    let mut instance = Instance::new(&component, Arc::clone(&unnamed), Arc::clone(limits))
        .await
        .map_err(|failure| format!("does not start: {}", failure.detail))?;
    let description = describe(&mut instance).await?;
    if describe(&mut instance).await? != description {
        let problem = "describes itself in two ways when it is asked twice: `describe` has to answer the same, always";
        return Err(problem.into());
    }
    let named = Some((description.kind.clone(), description.version.clone()));
    let identity = Arc::new(Identity {
        origin: origin.to_owned(),
        named,
    });
    let built_for = contract::built_for(component.instance_pre().component(), component.engine());
    Ok(Plugin {
        description,
        contract: built_for,
        jobs: AtomicUsize::new(0),
        identity,
        limits: Arc::clone(limits),
        component,
    })
}

async fn describe(instance: &mut Instance) -> Result<Description, String> {
    let said = instance.describe().await;
    checked(said.map_err(|failure| format!("does not describe itself: {}", failure.detail))?)
}

fn check_header(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("is empty: copy it again".into());
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(
            "is not WebAssembly: a plugin is a component, as `sluice plugin build` makes it".into(),
        );
    }
    match bytes.get(4..8) {
        None => Err("is cut short: copy it again".into()),
        Some(COMPONENT_LAYER) => Ok(()),
        Some([1, 0, 0, 0]) => Err(
            "is a WebAssembly core module, not a component: build it with `sluice plugin build`"
                .into(),
        ),
        Some(_) => Err("is of a WebAssembly version that this host does not know".into()),
    }
}

pub fn too_large(bytes: u64) -> String {
    format!("has {bytes} bytes: a plugin has at most {MAX_FILE_BYTES}")
}

pub fn checked(
    said: bindings::exports::sluice::source::source::Description,
) -> Result<Description, String> {
    if !bounds::is_kind(&said.kind) {
        let kind = bounds::visible(&said.kind, 60);
        return Err(format!(
            "says that its kind is \"{kind}\": a kind is [a-z][a-z0-9_]*, at most 40 letters"
        ));
    }
    let lists = [&said.connection_kinds, &said.capabilities];
    if lists.iter().any(|list| list.len() > 64) {
        let most = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        return Err(format!(
            "describes itself with {most} connection kinds or capabilities: at most 64 are possible"
        ));
    }
    let names = [&said.version]
        .into_iter()
        .chain(lists.into_iter().flatten());
    if let Some(problem) = names
        .into_iter()
        .find_map(|name| bounds::word_problem(name))
    {
        return Err(format!(
            "describes itself with a version, connection kind or capability that {problem}: use a short plain word"
        ));
    }
    if !said.default_schema.is_empty()
        && let Some(problem) = bounds::word_problem(&said.default_schema)
    {
        return Err(format!("names a default schema that {problem}"));
    }
    Ok(Description {
        kind: said.kind,
        version: bounds::visible(&said.version, 64),
        connection_kinds: said.connection_kinds,
        default_schema: said.default_schema,
        capabilities: said.capabilities,
    })
}
