//! All plugins by kind: what is built in, and the files of the folder, each loaded for itself, also while the host runs.
//! Readers see an immutable snapshot, and a job keeps the version that it began with: what no job uses any more is freed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::Utc;

use super::cache::Cache;
use super::engine::Runtime;
use super::folder::{self, Found, Step};
use super::limits::Limits;
use super::listed::Listed;
use super::loaded::InUse;
use super::loader::{self, Loader};
use super::slot::{BUILT_IN, Slot};
use super::{Plugin, PluginEntry, changes, standing};
use crate::model::failure::{Failure, FailureKind};

const BUILT_IN_COMPONENTS: &[&[u8]] = &[
    include_bytes!(env!("EMBEDDED_PLUGIN_POSTGRES")),
    include_bytes!(env!("EMBEDDED_PLUGIN_SQL_SERVER")),
];

/// All loaded plugins by kind. A file of the folder overrides the built-in of the same kind; of two files the first by
/// name serves.
pub struct Registry {
    folder: PathBuf,
    loader: Loader,
    built_in: Vec<Slot>,
    current: RwLock<Arc<Snapshot>>,
}

/// What serves, and what does not. Never changed, only replaced.
#[derive(Default)]
struct Snapshot {
    files: BTreeMap<OsString, File>,
    listed: Vec<Listed>,
    serving: BTreeMap<String, Arc<Plugin>>,
}

/// A file of the folder.
#[derive(Clone)]
struct File {
    /// By the last look.
    seen: Found,
    /// When it was loaded or refused. None: it has not settled yet.
    taken: Option<Found>,
    slot: Slot,
}

impl Registry {
    /// Loads the built-in plugins and every `*.wasm` of the folder. One bad file never affects another; a missing
    /// folder is an empty one.
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
        let mut built_in = Vec::new();
        for bytes in BUILT_IN_COMPONENTS {
            let slot = Slot {
                origin: BUILT_IN.to_owned(),
                ..Slot::default()
            };
            built_in.push(loader.load(bytes.to_vec(), slot).await);
        }
        let registry = Self {
            folder: folder.to_owned(),
            loader,
            built_in,
            current: RwLock::default(),
        };
        // Files are taken as they are: a job that waits in the queue must not find its kind missing for a moment.
        let looked = registry.look(|_, _| Step::Take).await;
        if let Err(error) = &looked {
            tracing::warn!(%error, "cannot read the plugins folder: only the built-in plugins serve");
        }
        // No file, nothing to show so far.
        if registry.current().listed.is_empty() {
            registry.show(BTreeMap::new());
        }
        Ok(registry)
    }

    /// Looks at the folder again and again, and takes what changes there. Dropping the future is safe at any point.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        let mut is_readable = true;
        loop {
            tokio::time::sleep(every).await;
            let step = |file: Option<&File>, found: &Found| {
                let seen = file.map(|file| &file.seen);
                folder::step(seen, file.and_then(|file| file.taken.as_ref()), found)
            };
            match self.look(step).await {
                Ok(()) => is_readable = true,
                Err(error) if is_readable => {
                    is_readable = false;
                    tracing::warn!(%error, "cannot read the plugins folder: what is loaded serves on");
                }
                Err(_known) => {}
            }
        }
    }

    /// One look: takes what has settled, forgets what is gone.
    async fn look(&self, step: impl Fn(Option<&File>, &Found) -> Step) -> io::Result<()> {
        let path = self.folder.clone();
        let found = tokio::task::spawn_blocking(move || folder::look(&path));
        let found = found.await.map_err(io::Error::other)??;
        let before = self.current();
        let mut files = BTreeMap::new();
        let mut is_same = before.files.len() == found.len();
        for (name, found) in found {
            let known = before.files.get(&name);
            let step = step(known, &found);
            is_same &= known.is_some_and(|known| known.seen == found) && step == Step::Leave;
            let known = known.cloned().unwrap_or_else(|| File::new(&name, &found));
            let file = File {
                seen: found,
                ..known
            };
            let file = match step {
                Step::Take => self.take(&name, file).await,
                Step::Leave | Step::Wait => file,
            };
            files.insert(name, file);
        }
        if !is_same {
            self.show(files);
        }
        Ok(())
    }

    async fn take(&self, name: &OsString, file: File) -> File {
        let path = self.folder.join(name);
        let loaded = self.loader.load_file(path, &file.seen, file.slot.clone());
        match loaded.await {
            Some(slot) => File {
                taken: Some(file.seen.clone()),
                slot,
                ..file
            },
            None => file,
        }
    }

    /// Swaps what everybody sees from now on.
    fn show(&self, files: BTreeMap<OsString, File>) {
        let before = self.current();
        let slots = files.values().map(|file| &file.slot).chain(&self.built_in);
        let listed = standing::list(slots, &before.listed, Utc::now());
        changes::log(&before.listed, &listed);
        let serving = listed.iter().filter_map(Listed::serving).collect();
        let after = Arc::new(Snapshot {
            files,
            listed,
            serving,
        });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = after;
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every version that is there: of the files by name, of what is built in, what was refused, what jobs still use.
    pub fn entries(&self) -> Vec<PluginEntry> {
        let current = self.current();
        current.listed.iter().filter_map(Listed::entry).collect()
    }

    /// The kinds that a plugin serves now, sorted.
    pub fn kinds(&self) -> Vec<String> {
        self.current().serving.keys().cloned().collect()
    }

    /// The plugin that serves a source kind now.
    pub fn get(&self, kind: &str) -> Option<Arc<Plugin>> {
        self.current().serving.get(kind).cloned()
    }

    /// The same for a job, which keeps it to its end whatever serves then.
    ///
    /// # Errors
    /// No plugin serves that kind (any more).
    pub fn begin_job(&self, kind: &str) -> Result<InUse, Failure> {
        self.get(kind).map(InUse::new).ok_or_else(|| {
            let detail = format!(
                "no plugin for the source kind \"{kind}\" is loaded; there are: {}. Put its file back into the plugins \
                 folder, or see in the list of plugins why a file there is refused, and start the job again",
                self.kinds().join(", ")
            );
            Failure::new(FailureKind::Config, "source_unsupported", detail)
        })
    }
}

impl File {
    fn new(name: &OsString, found: &Found) -> Self {
        Self {
            seen: found.clone(),
            taken: None,
            slot: Slot {
                origin: loader::origin(name),
                ..Slot::default()
            },
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
