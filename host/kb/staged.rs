//! Names of staged files: they say which process wrote them.

/// A name that no other file has.
pub(super) fn file_name(instance: &str) -> String {
    format!("part-{instance}-{}.parquet", uuid::Uuid::now_v7().simple())
}
