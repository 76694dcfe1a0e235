//! The folder of a registry that runs: what is dropped, replaced, broken and removed there.

use std::fs;
use std::future::Future;
use std::time::Duration;

use super::guest::{described, variant};
use super::*;
use crate::plugin::{PluginEntry, Registry, Standing};

/// Two looks are so far apart.
const POLL: Duration = Duration::from_millis(5);

struct Followed {
    registry: Arc<Registry>,
    folder: tempfile::TempDir,
    _looking: tokio_util::task::AbortOnDropHandle<()>,
}

impl Followed {
    /// With these files from the start.
    async fn start(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).unwrap();
        for (name, bytes) in files {
            fs::write(plugins.join(name), bytes).unwrap();
        }
        let cache = folder.path().join("cache");
        let loaded = Registry::load(&plugins, &cache, Limits::default());
        let registry = Arc::new(loaded.await.unwrap());
        let looking = tokio::spawn(Arc::clone(&registry).follow(POLL));
        Self {
            registry,
            folder,
            _looking: tokio_util::task::AbortOnDropHandle::new(looking),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    /// As an operator who does it well: whole, under its name, at once.
    fn put(&self, name: &str, bytes: &[u8]) {
        let hidden = self.path(&format!(".{name}"));
        fs::write(&hidden, bytes).unwrap();
        fs::rename(hidden, self.path(name)).unwrap();
    }

    fn version(&self, kind: &str) -> Option<String> {
        let plugin = self.registry.get(kind)?;
        Some(plugin.description().version.clone())
    }

    async fn until_version(&self, kind: &str, version: Option<&str>) {
        self.until(|followed| followed.version(kind).as_deref() == version)
            .await;
    }

    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let seen = async {
            while !condition(self) {
                tokio::time::sleep(POLL).await;
            }
        };
        within(seen, &self.registry).await;
    }

    fn of(&self, origin: &str) -> Vec<PluginEntry> {
        let mut entries = self.registry.entries();
        entries.retain(|entry| entry.origin == origin);
        entries
    }

    fn standings(&self, origin: &str) -> Vec<Standing> {
        self.of(origin).iter().map(|entry| entry.standing).collect()
    }
}

async fn within(seen: impl Future<Output = ()>, registry: &Registry) {
    let waited = tokio::time::timeout(Duration::from_secs(60), seen).await;
    assert!(waited.is_ok(), "{:#?}", registry.entries());
}

#[tokio::test]
async fn a_file_comes_is_replaced_and_goes() {
    let followed = Followed::start(&[]).await;
    assert_eq!(followed.registry.kinds(), ["postgres", "sql_server"]);
    followed.put("m.wasm", &described("evil", "1", "none"));
    followed.until_version("evil", Some("1")).await;
    assert_eq!(
        followed.registry.kinds(),
        ["evil", "postgres", "sql_server"]
    );
    followed.put("m.wasm", &described("evil", "2", "none"));
    followed.until_version("evil", Some("2")).await;
    assert_eq!(followed.standings("m.wasm"), [Standing::Serving]);
    // Another kind in the same file: the old one goes with it.
    followed.put("m.wasm", &described("other", "3", "none"));
    followed.until_version("other", Some("3")).await;
    assert_eq!(followed.version("evil"), None);
    fs::remove_file(followed.path("m.wasm")).unwrap();
    followed.until_version("other", None).await;
    assert!(followed.of("m.wasm").is_empty());
}

#[tokio::test]
async fn a_broken_file_leaves_what_it_was_and_says_why() {
    let followed = Followed::start(&[("m.wasm", &described("evil", "1", "none"))]).await;
    let since = followed.of("m.wasm")[0].since;
    followed.put("m.wasm", b"no component");
    followed
        .until(|followed| followed.of("m.wasm").len() == 2)
        .await;
    let entries = followed.of("m.wasm");
    assert_eq!(
        followed.standings("m.wasm"),
        [Standing::Serving, Standing::Refused]
    );
    assert_eq!(entries[0].since, since, "nothing happened to it");
    assert_eq!(entries[0].reason, None);
    let reason = entries[1].reason.as_deref().unwrap();
    assert!(reason.starts_with("m.wasm is not WebAssembly"), "{reason}");
    assert!(
        reason.ends_with("evil 1, stays in use until the host ends"),
        "{reason}"
    );
    assert_eq!(entries[1].digest, gate::digest(b"no component"));
    followed.put("m.wasm", &described("evil", "2", "none"));
    followed.until_version("evil", Some("2")).await;
    assert_eq!(followed.standings("m.wasm"), [Standing::Serving]);
    // Broken, then removed: nothing is left of it.
    followed.put("m.wasm", b"no component");
    followed
        .until(|followed| followed.of("m.wasm").len() == 2)
        .await;
    fs::remove_file(followed.path("m.wasm")).unwrap();
    followed
        .until(|followed| followed.of("m.wasm").is_empty())
        .await;
    assert_eq!(followed.version("evil"), None);
}

#[tokio::test]
async fn a_half_copied_file_is_waited_for() {
    let followed = Followed::start(&[("m.wasm", &described("evil", "1", "none"))]).await;
    let whole = described("evil", "2", "none");
    let mut copy = fs::File::create(followed.path("m.wasm")).unwrap();
    for piece in whole.chunks(whole.len() / 40) {
        std::io::Write::write_all(&mut copy, piece).unwrap();
        // Shorter than two looks are apart.
        tokio::time::sleep(POLL / 5).await;
        assert_eq!(followed.version("evil").as_deref(), Some("1"));
    }
    drop(copy);
    followed.until_version("evil", Some("2")).await;
    assert_eq!(followed.standings("m.wasm"), [Standing::Serving]);
}

#[tokio::test]
async fn a_file_covers_a_built_in_and_uncovers_it() {
    let followed = Followed::start(&[]).await;
    let built_in = followed.version("postgres");
    followed.put("a.wasm", &described("postgres", "file", "none"));
    followed.until_version("postgres", Some("file")).await;
    let covered = followed.of("built in");
    assert_eq!(covered[0].standing, Standing::Overridden);
    assert_eq!(
        covered[0].reason.as_deref(),
        Some("a.wasm serves the kind postgres in its place")
    );
    assert_eq!(covered[1].standing, Standing::Serving);
    fs::remove_file(followed.path("a.wasm")).unwrap();
    followed
        .until_version("postgres", built_in.as_deref())
        .await;
    assert_eq!(followed.standings("built in"), [Standing::Serving; 2]);
}

#[tokio::test]
async fn of_two_files_the_first_by_name_serves_and_the_other_takes_over() {
    let followed = Followed::start(&[("b.wasm", &described("evil", "b", "none"))]).await;
    followed.put("a.wasm", &described("evil", "a", "none"));
    followed.until_version("evil", Some("a")).await;
    assert_eq!(followed.standings("b.wasm"), [Standing::Overridden]);
    fs::remove_file(followed.path("a.wasm")).unwrap();
    followed.until_version("evil", Some("b")).await;
}

#[tokio::test]
async fn a_touched_file_is_the_same_version() {
    let bytes = described("evil", "1", "none");
    let followed = Followed::start(&[("m.wasm", &bytes)]).await;
    let before = followed.registry.get("evil").unwrap();
    followed.put("m.wasm", &bytes);
    followed.put("n.wasm", b"a later file");
    followed
        .until(|followed| !followed.of("n.wasm").is_empty())
        .await;
    assert!(Arc::ptr_eq(
        &before,
        &followed.registry.get("evil").unwrap()
    ));
}

#[tokio::test]
async fn an_unchanged_file_is_not_read_again() {
    let followed = Followed::start(&[("m.wasm", &described("evil", "1", "none"))]).await;
    let path = followed.path("m.wasm");
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    // Other bytes of the same size, and the same time of change.
    let other = fs::File::options().write(true).open(&path).unwrap();
    std::io::Write::write_all(&mut &other, &described("evil", "2", "none")).unwrap();
    other.set_modified(changed).unwrap();
    followed.put("n.wasm", b"a later file");
    followed
        .until(|followed| !followed.of("n.wasm").is_empty())
        .await;
    assert_eq!(followed.version("evil").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_job_keeps_its_version_and_what_no_job_uses_is_freed() {
    let followed = Followed::start(&[("m.wasm", &described("evil", "1", "none"))]).await;
    let job = followed.registry.begin_job("evil").unwrap();
    let old = Arc::downgrade(&*job);
    let mut reader = job
        .open_reader_on(Connection::to_nothing(), request("good-signed", None))
        .await
        .unwrap();
    followed.put("m.wasm", &described("evil", "2", "none"));
    followed.until_version("evil", Some("2")).await;
    let entries = followed.of("m.wasm");
    assert_eq!(
        followed.standings("m.wasm"),
        [Standing::Serving, Standing::Retired]
    );
    assert_eq!((entries[0].jobs_running, entries[1].jobs_running), (0, 1));
    assert_eq!(entries[1].description.as_ref().unwrap().version, "1");
    // A job that begins now, or again, takes the new one.
    let later = followed.registry.begin_job("evil").unwrap();
    assert_eq!(later.description().version, "2");
    assert_eq!(followed.of("m.wasm")[0].jobs_running, 1);
    let warnings = loop {
        if let Step::Done { warnings } = reader.next(100).await.unwrap() {
            break warnings;
        }
    };
    assert_eq!(warnings, ["all read by 1"]);
    drop((reader, job));
    assert_eq!(followed.standings("m.wasm"), [Standing::Serving]);
    assert!(old.upgrade().is_none(), "freed at once");
    fs::remove_file(followed.path("m.wasm")).unwrap();
    followed.until_version("evil", None).await;
    assert_eq!(followed.standings("m.wasm"), [Standing::Retired]);
    drop(later);
    assert!(followed.of("m.wasm").is_empty());
}

#[tokio::test]
async fn a_job_whose_kind_has_gone_is_told_what_to_do() {
    let followed = Followed::start(&[]).await;
    let failure = followed.registry.begin_job("evil").err().unwrap();
    assert_eq!(failure.code, "source_unsupported");
    for part in [
        "\"evil\"",
        "there are: postgres, sql_server",
        "plugins folder",
    ] {
        assert!(failure.detail.contains(part), "{}", failure.detail);
    }
}

#[tokio::test]
async fn an_unreadable_folder_changes_nothing() {
    let followed = Followed::start(&[("m.wasm", &described("evil", "1", "none"))]).await;
    let plugins = followed.folder.path().join("plugins");
    let aside = followed.folder.path().join("aside");
    fs::rename(&plugins, &aside).unwrap();
    // No folder, but a file in its place: that is trouble, not an empty folder.
    fs::write(&plugins, "").unwrap();
    tokio::time::sleep(POLL * 10).await;
    assert_eq!(followed.version("evil").as_deref(), Some("1"));
    fs::remove_file(&plugins).unwrap();
    followed.until_version("evil", None).await;
    fs::rename(&aside, &plugins).unwrap();
    followed.until_version("evil", Some("1")).await;
}

#[tokio::test]
async fn many_replacements_leave_one_version() {
    let one = described("evil", "1", "none");
    let followed = Followed::start(&[("m.wasm", &one)]).await;
    let first = Arc::downgrade(&followed.registry.get("evil").unwrap());
    for number in 0..50 {
        let bytes = variant(&one, number % 2);
        followed.put("m.wasm", &bytes);
        let digest = gate::digest(&bytes);
        followed
            .until(|followed| {
                followed
                    .of("m.wasm")
                    .iter()
                    .any(|entry| entry.digest == digest)
            })
            .await;
        assert_eq!(followed.standings("m.wasm"), [Standing::Serving]);
    }
    assert!(first.upgrade().is_none());
}
