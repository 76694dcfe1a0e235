//! The contract as Rust, generated from `wit/`. Nothing is written here by hand.

wasmtime::component::bindgen!({
    path: "wit",
    world: "source-plugin",
    imports: {
        "sluice:source/database.[method]connection.query": async | trappable,
        "sluice:source/database.[method]connection.fetch": async | trappable,
        "sluice:source/database.[method]connection.open": async | trappable,
        "sluice:source/database.[method]row-stream.next": async | trappable,
        "sluice:source/files.[method]folder.list": async | trappable,
        "sluice:source/files.[method]folder.open": async | trappable,
        "sluice:source/files.[method]file.size": async | trappable,
        "sluice:source/files.[method]file.read": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "sluice:source/database.connection": super::imports::Connection,
        "sluice:source/database.row-stream": crate::connection::RowStream,
        "sluice:source/database.batch": super::imports::LiveBatch,
        "sluice:source/files.folder": crate::connection::Folder,
        "sluice:source/files.file": crate::connection::File,
    },
    trappable_error_type: {
        "sluice:source/types.error" => super::imports::HostError,
    },
});
