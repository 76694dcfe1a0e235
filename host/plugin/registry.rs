//! All plugins by kind: what is built in, and the files of the folder, each loaded for itself.
//! A file overrides the built-in of its kind; of two files the first by name serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use super::cache::Cache;
use super::engine::Runtime;
use super::limits::{Limits, MAX_FILE_BYTES};
use super::{Description, Plugin, gate};
use crate::model::failure::{Failure, FailureKind};

const BUILT_IN: &str = "built in";
const BUILT_IN_COMPONENTS: &[&[u8]] = &[
    include_bytes!(env!("EMBEDDED_PLUGIN_POSTGRES")),
    include_bytes!(env!("EMBEDDED_PLUGIN_SQL_SERVER")),
];

/// A file of the plugins folder, or a built-in, and whether it serves.
#[derive(Debug, Clone)]
pub struct PluginEntry {
    /// File name, or `built in`.
    pub origin: String,
    pub description: Option<Description>,
    /// SHA-256, 64 hex digits.
    pub digest: String,
    /// Why it does not serve, and what to do.
    pub problem: Option<String>,
}

/// All loaded plugins by kind. A file of the folder overrides the built-in of the same kind.
pub struct Registry {
    entries: Vec<PluginEntry>,
    serving: BTreeMap<String, Arc<Plugin>>,
}

/// One component after the gate.
struct Candidate {
    origin: String,
    digest: String,
    plugin: Result<Plugin, String>,
}

impl Registry {
    /// Compiles or takes from the cache the built-in plugins and every `*.wasm` of the folder. One bad file never
    /// affects another; a missing folder is an empty one.
    ///
    /// # Errors
    /// This machine cannot run plugins at all.
    pub async fn load(folder: &Path, cache: &Path, limits: Limits) -> Result<Self, Failure> {
        let runtime = Runtime::new().map_err(|error| {
            Failure::new(
                FailureKind::Host,
                "wasm_engine",
                format!("cannot start the WebAssembly engine: {error:#}"),
            )
        })?;
        let loader = Loader {
            runtime: Arc::new(runtime),
            cache: open_cache(cache),
            limits: Arc::new(limits),
        };
        let mut candidates = Vec::new();
        // Files first: they override what is built in.
        for path in component_files(folder) {
            candidates.push(loader.load_file(path).await);
        }
        for bytes in BUILT_IN_COMPONENTS {
            candidates.push(loader.load(BUILT_IN.to_owned(), Ok(bytes.to_vec())).await);
        }
        Ok(Self::of(candidates))
    }

    /// Of each kind the first candidate serves.
    fn of(candidates: Vec<Candidate>) -> Self {
        let mut registry = Self {
            entries: Vec::new(),
            serving: BTreeMap::new(),
        };
        for candidate in candidates {
            registry.add(candidate);
        }
        registry
    }

    fn add(&mut self, candidate: Candidate) {
        let Candidate {
            origin,
            digest,
            plugin,
        } = candidate;
        let (description, problem) = match plugin {
            Err(problem) => (None, Some(format!("{origin} {problem}"))),
            Ok(plugin) => {
                let description = plugin.description.clone();
                let serving = self
                    .serving
                    .get(&description.kind)
                    .map(|plugin| plugin.identity.origin.clone());
                match serving {
                    Some(other) => {
                        let kind = &description.kind;
                        let problem =
                            format!("{other} serves the kind {kind}: remove one of the two");
                        let overridden = format!("{other} serves the kind {kind} in its place");
                        let problem = if origin == BUILT_IN {
                            overridden
                        } else {
                            problem
                        };
                        (Some(description), Some(problem))
                    }
                    None => {
                        self.serving
                            .insert(description.kind.clone(), Arc::new(plugin));
                        (Some(description), None)
                    }
                }
            }
        };
        if let Some(problem) = &problem {
            tracing::warn!(plugin = origin, "{problem}");
        }
        self.entries.push(PluginEntry {
            origin,
            description,
            digest,
            problem,
        });
    }

    pub fn entries(&self) -> Vec<PluginEntry> {
        self.entries.clone()
    }

    /// The plugin that serves a source kind now.
    pub fn get(&self, kind: &str) -> Option<Arc<Plugin>> {
        self.serving.get(kind).cloned()
    }
}

/// Takes one component through the gate.
struct Loader {
    runtime: Arc<Runtime>,
    cache: Option<Arc<Cache>>,
    limits: Arc<Limits>,
}

impl Loader {
    async fn load_file(&self, path: PathBuf) -> Candidate {
        let origin = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let bytes = tokio::task::spawn_blocking(move || read_bounded(&path)).await;
        self.load(
            origin,
            bytes.unwrap_or_else(|panic| Err(format!("cannot be read: {panic}"))),
        )
        .await
    }

    async fn load(&self, origin: String, bytes: Result<Vec<u8>, String>) -> Candidate {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(problem) => {
                return Candidate {
                    origin,
                    digest: String::new(),
                    plugin: Err(problem),
                };
            }
        };
        let (runtime, cache) = (Arc::clone(&self.runtime), self.cache.clone());
        // Compiling takes seconds of CPU for a large plugin.
        let compiled = tokio::task::spawn_blocking(move || {
            let digest = gate::digest(&bytes);
            (digest, gate::compile(&runtime, cache.as_deref(), &bytes))
        });
        let (digest, compiled) = match compiled.await {
            Ok(compiled) => compiled,
            // The compiler met a file that it does not bear; that is no reason to fall for it.
            Err(_panic) => (
                String::new(),
                Err("makes the compiler fail: build it again with other settings".into()),
            ),
        };
        let plugin = match compiled {
            Ok(component) => gate::admit(component, &origin, &self.limits).await,
            Err(problem) => Err(problem),
        };
        Candidate {
            origin,
            digest,
            plugin,
        }
    }
}

/// Without a cache every start compiles: slow, but it serves.
fn open_cache(folder: &Path) -> Option<Arc<Cache>> {
    match Cache::open(folder) {
        Ok(cache) => Some(Arc::new(cache)),
        Err(error) => {
            tracing::warn!(%error, "cannot use the folder of compiled plugins: they are compiled at every start");
            None
        }
    }
}

/// `*.wasm` by name, without those that a copy in progress hides behind a dot.
fn component_files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "cannot read the plugins folder: only the built-in plugins serve");
            }
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_component(path))
        .collect();
    files.sort();
    files
}

fn is_component(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden
        && path
            .extension()
            .is_some_and(|extension| extension == "wasm")
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("is not a file".into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(gate::too_large(metadata.len()));
    }
    fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}
