//! Plugins that are not built in; above all the guest `misbehaving` (tests/plugins), and variants that are made from its bytes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the guest's own marker begins with; its length never changes.
const MARKER: &[u8] = b"describe: misbehaving";
const MARKER_BYTES: usize = 128;

/// Where the component of a package is, built if it is not.
pub fn built(package: &str) -> PathBuf {
    // Where cargo runs tests. Another checkout may have compiled this, into a shared target folder.
    let workspace = &std::env::current_dir().expect("there is one");
    let target_dir = Path::new(env!("PLUGIN_TARGET_DIR"));
    plugin_build::build_component(package, workspace, target_dir).expect("it compiles")
}

/// The component `misbehaving`.
pub fn component() -> &'static [u8] {
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        std::fs::read(built("plugin-misbehaving")).expect("it was written just now")
    })
}

/// One that says of itself that it is of this kind and version, and does what the wish says: `tables:trap`.
pub fn described(kind: &str, version: &str, wish: &str) -> Vec<u8> {
    let mut bytes = component().to_vec();
    let mut places = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(MARKER));
    let place = places.next().expect("the guest has its marker");
    assert_eq!(places.next(), None, "one marker");
    let said = format!("describe: {kind} {version} {wish}");
    let marker = &mut bytes[place..place + MARKER_BYTES];
    marker.fill(b' ');
    marker[..said.len()].copy_from_slice(said.as_bytes());
    bytes
}

/// The same plugin in another file: a section that nobody reads differs.
pub fn variant(component: &[u8], number: u8) -> Vec<u8> {
    // A custom section: its id, the length of what follows, the length of its name, the name, the content.
    [component, &[0, 3, 1, b'n', number]].concat()
}
