//! One plugin file, looked at as its author needs it: everything that is wrong, not only what comes first.

use std::path::Path;
use std::sync::Arc;

use super::engine::Runtime;
use super::limits::Limits;
use super::{Plugin, gate};

/// What a file is.
pub struct Inspection {
    pub file_name: String,
    pub bytes: u64,
    /// SHA-256, 64 hex digits.
    pub digest: String,
    /// Interfaces with their versions, as the file names them; none if it is no component.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// Sentences that go on from the file's name.
    pub problems: Vec<String>,
    /// If nothing is wrong.
    pub plugin: Option<Arc<Plugin>>,
}

/// Takes a file through the load gate, under the default limits and without a cache.
///
/// # Errors
/// The file cannot be read, or this machine cannot run plugins.
pub async fn inspect(file: &Path) -> Result<Inspection, String> {
    let bytes =
        std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let file_name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut inspection = Inspection {
        file_name,
        bytes: bytes.len() as u64,
        digest: gate::digest(&bytes),
        imports: Vec::new(),
        exports: Vec::new(),
        problems: Vec::new(),
        plugin: None,
    };
    let compiled = tokio::task::spawn_blocking(move || {
        let runtime = Runtime::new()
            .map_err(|error| format!("cannot start the WebAssembly engine: {error:#}"))?;
        Ok::<_, String>(gate::compile(&runtime, None, &bytes))
    });
    let compiled = compiled
        .await
        .map_err(|_panic| "the compiler failed".to_owned())??;
    match compiled {
        Err(problem) => inspection.problems.push(problem),
        Ok(component) => match gate::admit(
            component,
            &inspection.file_name,
            &Arc::new(Limits::default()),
        )
        .await
        {
            Ok(plugin) => inspection.plugin = Some(Arc::new(plugin)),
            Err(problem) => inspection.problems.push(problem),
        },
    }
    Ok(inspection)
}
