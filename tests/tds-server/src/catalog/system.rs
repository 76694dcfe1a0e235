//! The system views that can be read: their names and columns. `rows` fills them.

use crate::sql::ast::Name;
use crate::sql::bind::Output;
use crate::types::Type::{self, *};
use crate::types::type_info::Sent;

pub struct SystemView {
    /// With its schema, in lower case; also the name of the temporary table.
    pub name: &'static str,
    columns: &'static [(&'static str, Type)],
}

const NAME: Type = NVarChar(128);

pub static DESCRIBED: SystemView = SystemView {
    name: "sys.dm_exec_describe_first_result_set",
    columns: &[
        ("is_hidden", Bit),
        ("column_ordinal", Int),
        ("name", NAME),
        ("is_nullable", Bit),
        ("system_type_id", Int),
        ("system_type_name", NVarChar(256)),
        ("max_length", SmallInt),
        ("precision", TinyInt),
        ("scale", TinyInt),
        ("collation_name", NAME),
        ("user_type_name", NAME),
        ("error_number", Int),
        ("error_message", NVarChar(4000)),
    ],
};

pub static VIEWS: [SystemView; 14] = [
    SystemView {
        name: "sys.schemas",
        columns: &[("name", NAME), ("schema_id", Int), ("principal_id", Int)],
    },
    SystemView {
        name: "sys.objects",
        columns: OBJECT,
    },
    SystemView {
        name: "sys.all_objects",
        columns: OBJECT,
    },
    SystemView {
        name: "sys.tables",
        columns: OBJECT,
    },
    SystemView {
        name: "sys.views",
        columns: OBJECT,
    },
    SystemView {
        name: "sys.columns",
        columns: &[
            ("object_id", Int),
            ("name", NAME),
            ("column_id", Int),
            ("system_type_id", TinyInt),
            ("user_type_id", Int),
            ("max_length", SmallInt),
            ("precision", TinyInt),
            ("scale", TinyInt),
            ("collation_name", NAME),
            ("is_nullable", Bit),
            ("is_identity", Bit),
            ("is_computed", Bit),
            ("is_sparse", Bit),
            ("is_column_set", Bit),
            ("is_hidden", Bit),
            ("generated_always_type", TinyInt),
            ("is_rowguidcol", Bit),
            ("is_masked", Bit),
        ],
    },
    SystemView {
        name: "sys.types",
        columns: &[
            ("name", NAME),
            ("system_type_id", TinyInt),
            ("user_type_id", Int),
            ("schema_id", Int),
            ("max_length", SmallInt),
            ("precision", TinyInt),
            ("scale", TinyInt),
            ("collation_name", NAME),
            ("is_nullable", Bit),
            ("is_user_defined", Bit),
            ("is_assembly_type", Bit),
            ("is_table_type", Bit),
        ],
    },
    SystemView {
        name: "sys.indexes",
        columns: &[
            ("object_id", Int),
            ("name", NAME),
            ("index_id", Int),
            ("type", TinyInt),
            ("type_desc", NVarChar(60)),
            ("is_unique", Bit),
            ("is_primary_key", Bit),
            ("is_unique_constraint", Bit),
            ("is_disabled", Bit),
            ("is_hypothetical", Bit),
            ("has_filter", Bit),
        ],
    },
    SystemView {
        name: "sys.index_columns",
        columns: &[
            ("object_id", Int),
            ("index_id", Int),
            ("index_column_id", Int),
            ("column_id", Int),
            ("key_ordinal", TinyInt),
            ("partition_ordinal", TinyInt),
            ("is_descending_key", Bit),
            ("is_included_column", Bit),
        ],
    },
    SystemView {
        name: "sys.partitions",
        columns: &[
            ("partition_id", BigInt),
            ("object_id", Int),
            ("index_id", Int),
            ("partition_number", Int),
            ("rows", BigInt),
        ],
    },
    SystemView {
        name: "sys.databases",
        columns: &[
            ("name", NAME),
            ("database_id", Int),
            ("is_read_committed_snapshot_on", Bit),
            ("snapshot_isolation_state", TinyInt),
            ("is_read_only", Bit),
            ("collation_name", NAME),
            ("state_desc", NVarChar(60)),
            ("compatibility_level", TinyInt),
        ],
    },
    SystemView {
        name: "sys.dm_exec_sessions",
        columns: &[
            ("session_id", SmallInt),
            ("host_name", NAME),
            ("program_name", NAME),
            ("login_name", NAME),
            ("status", NVarChar(30)),
            ("transaction_isolation_level", SmallInt),
            ("lock_timeout", Int),
            ("deadlock_priority", Int),
            ("is_user_process", Bit),
            ("open_transaction_count", Int),
            ("database_id", SmallInt),
            ("last_request_start_time", DateTime),
            ("last_request_end_time", DateTime),
        ],
    },
    SystemView {
        name: "information_schema.tables",
        columns: &[
            ("TABLE_CATALOG", NAME),
            ("TABLE_SCHEMA", NAME),
            ("TABLE_NAME", NAME),
            ("TABLE_TYPE", VarChar(10)),
        ],
    },
    SystemView {
        name: "information_schema.columns",
        columns: &[
            ("TABLE_CATALOG", NAME),
            ("TABLE_SCHEMA", NAME),
            ("TABLE_NAME", NAME),
            ("COLUMN_NAME", NAME),
            ("ORDINAL_POSITION", Int),
            ("IS_NULLABLE", VarChar(3)),
            ("DATA_TYPE", NAME),
            ("COLLATION_NAME", NAME),
        ],
    },
];

const OBJECT: &[(&str, Type)] = &[
    ("name", NAME),
    ("object_id", Int),
    ("schema_id", Int),
    ("parent_object_id", Int),
    ("type", Char(2)),
    ("type_desc", NVarChar(60)),
    ("is_ms_shipped", Bit),
    ("temporal_type", TinyInt),
    ("is_memory_optimized", Bit),
];

impl SystemView {
    pub fn columns(&self) -> Vec<Output> {
        let output = |(name, ty): &(&str, Type)| Output {
            name: name.to_string(),
            sent: Sent::nullable(*ty),
        };
        self.columns.iter().map(output).collect()
    }
}

/// A system view by its schema and name.
pub fn view(name: &Name) -> Option<&'static SystemView> {
    let [.., schema, own] = name.as_slice() else {
        return None;
    };
    let name = format!("{schema}.{own}").to_lowercase();
    VIEWS.iter().find(|view| view.name == name)
}
