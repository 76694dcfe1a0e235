//! Takes one component through the gate, off the threads that serve requests.

use std::path::PathBuf;
use std::sync::Arc;

use super::cache::Cache;
use super::engine::Runtime;
use super::folder::{self, Found};
use super::limits::Limits;
use super::slot::{Refusal, Slot, Version};
use super::{bounds, gate};

/// What a component needs to be loaded.
pub struct Loader {
    pub runtime: Arc<Runtime>,
    pub cache: Option<Arc<Cache>>,
    pub limits: Arc<Limits>,
}

impl Loader {
    /// What became of a file. A version that it had stays if the new one may not serve. None: it changed meanwhile.
    pub async fn load_file(&self, path: PathBuf, found: &Found, before: Slot) -> Option<Slot> {
        let found = found.clone();
        let read = tokio::task::spawn_blocking(move || folder::read(&path, &found)).await;
        let bytes = match read.unwrap_or_else(|panic| Err(format!("cannot be read: {panic}"))) {
            Ok(bytes) => bytes?,
            Err(problem) => {
                let digest = String::new();
                return Some(Slot {
                    refused: Some(Refusal { digest, problem }),
                    ..before
                });
            }
        };
        Some(self.load(bytes, before).await)
    }

    /// The same with bytes.
    pub async fn load(&self, bytes: Vec<u8>, before: Slot) -> Slot {
        let (runtime, cache) = (Arc::clone(&self.runtime), self.cache.clone());
        let kept = before.good.as_ref().map(|kept| kept.digest.clone());
        // Compiling takes seconds of CPU for a large plugin.
        let compiled = tokio::task::spawn_blocking(move || {
            let digest = gate::digest(&bytes);
            if kept.as_ref() == Some(&digest) {
                return (digest, Ok(None));
            }
            let compiled = gate::compile(&runtime, cache.as_deref(), &bytes);
            (digest, compiled.map(Some))
        });
        let (digest, compiled) = compiled.await.unwrap_or_else(|_panic| {
            // The compiler met a file that it does not bear; that is no reason to fall for it.
            let problem = "makes the compiler fail: build it again with other settings";
            (String::new(), Err(problem.into()))
        });
        let admitted = match compiled {
            // It was touched, or put back.
            Ok(None) => {
                return Slot {
                    refused: None,
                    ..before
                };
            }
            Ok(Some(component)) => gate::admit(component, &before.origin, &self.limits).await,
            Err(problem) => Err(problem),
        };
        match admitted {
            Ok(plugin) => Slot {
                good: Some(Version {
                    plugin: Arc::new(plugin),
                    digest,
                }),
                refused: None,
                ..before
            },
            Err(problem) => Slot {
                refused: Some(Refusal { digest, problem }),
                ..before
            },
        }
    }
}

/// A file's name as logs and answers have it.
pub fn origin(name: &std::ffi::OsStr) -> String {
    bounds::visible(&name.to_string_lossy(), super::limits::MAX_NAME_BYTES)
}
