//! Identifiers. Each kind is a type of its own, so that one cannot be passed for another.
//! Most are UUIDv7 in 32 hex digits: opaque to clients, ordered by creation for us. Numbers are the store's.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new identifier, greater than all that this process made before.
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().simple().to_string())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An organisation: the owner of connectors, knowledge bases and keys. The first one is `default`.
    OrgId
);
id!(
    /// The registered place that runs extractions.
    ConnectorId
);
id!(
    /// One execution.
    JobId
);
id!(
    /// A standing order: one table, again and again.
    SyncId
);
id!(
    /// The folder name of a knowledge base.
    KbUid
);
id!(
    /// What commits are numbered in: a sync since its last reset, or a job without a sync.
    StreamId
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);
    };
}

number!(
    /// The number of a knowledge base, as clients name it.
    KbId
);
number!(
    /// The number of an entry of `connections.json`.
    SourceNumber
);
number!(
    /// The number of a model.
    ModelId
);
number!(
    /// The number of a sync, beside its [`SyncId`].
    SyncNumber
);
