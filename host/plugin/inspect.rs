//! One plugin file, looked at as its author needs it: everything that is wrong, not only what comes first.

use std::path::Path;
use std::sync::Arc;

use super::bindings::SourcePluginPre;
use super::engine::Runtime;
use super::imports::State;
use super::limits::Limits;
use super::{Plugin, bounds, gate};

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
    let examined = tokio::task::spawn_blocking(move || examine(&bytes)).await;
    let examined = examined.map_err(|_panic| "it makes the compiler fail".to_owned())??;
    inspection.imports = examined.imports;
    inspection.exports = examined.exports;
    match examined.linked {
        Err(problems) => inspection.problems = problems,
        Ok(component) => {
            let limits = Arc::new(Limits::default());
            match gate::admit(component, &inspection.file_name, &limits).await {
                Ok(plugin) => inspection.plugin = Some(Arc::new(plugin)),
                Err(problem) => inspection.problems.push(problem),
            }
        }
    }
    Ok(inspection)
}

/// What can be told without running it.
struct Examined {
    imports: Vec<String>,
    exports: Vec<String>,
    linked: Result<SourcePluginPre<State>, Vec<String>>,
}

fn examine(bytes: &[u8]) -> Result<Examined, String> {
    let runtime = Runtime::new()
        .map_err(|error| format!("cannot start the WebAssembly engine: {error:#}"))?;
    let component = match gate::component(&runtime, bytes) {
        Ok(component) => component,
        Err(problem) => {
            return Ok(Examined {
                imports: Vec::new(),
                exports: Vec::new(),
                linked: Err(vec![problem]),
            });
        }
    };
    let component_type = component.component_type();
    let name = |name: &str| bounds::visible(name, 200);
    let imports = component_type.imports(&runtime.engine);
    let exports = component_type.exports(&runtime.engine);
    let problems = gate::problems(&runtime, &component, bytes);
    Ok(Examined {
        imports: imports.map(|(import, _)| name(import)).collect(),
        exports: exports.map(|(export, _)| name(export)).collect(),
        linked: match problems.is_empty() {
            true => gate::link(&runtime, &component).map_err(|problem| vec![problem]),
            false => Err(problems),
        },
    })
}
