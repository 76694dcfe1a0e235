//! Facts about columns and keys.

use plugin_sdk::kind::Type as _;
use plugin_sdk::relation::{Attribute, Relation};
use plugin_sdk::sql::Source;

use super::*;
use crate::sql::Postgres;
use crate::watermark::{Identity, Kind};

fn data_type(oid: i64, name: &str, shape: Shape) -> Type {
    Type {
        oid,
        schema: "pg_catalog".to_owned(),
        name: name.to_owned(),
        shape,
        deterministic: true,
        operators: Some("pg_catalog".to_owned()),
    }
}

fn relation(keys: Vec<Vec<usize>>) -> Relation<Postgres> {
    let column = |name: &str| Attribute {
        name: name.to_owned(),
        native_type: "int8".to_owned(),
        not_null: true,
        readable: true,
        hidden: false,
        data_type: data_type(20, "int8", Shape::Plain),
    };
    let columns = Vec::from(["a", "b", "c"].map(column));
    Relation {
        identity: Identity {
            oid: 1,
            kind: Kind::Table,
        },
        ordered: Some(vec![]),
        source: Source::Table {
            schema: "s".to_owned(),
            name: "t".to_owned(),
        },
        columns,
        keys,
        primary_key: vec![],
    }
}

#[test]
fn a_unique_cursor_column_needs_no_tie() {
    assert_eq!(relation(vec![vec![0, 1], vec![2]]).tie(2), Some(vec![]));
}

#[test]
fn the_cursor_column_is_not_repeated_in_the_tie() {
    assert_eq!(relation(vec![vec![0, 1]]).tie(1), Some(vec![0]));
    assert_eq!(relation(vec![vec![0, 1]]).tie(2), Some(vec![0, 1]));
}

#[test]
fn a_key_that_cannot_be_read_or_bound_is_passed_over() {
    let mut relation = relation(vec![vec![0], vec![1]]);
    relation.columns[0].readable = false;
    assert_eq!(relation.tie(2), Some(vec![1]));
    relation.columns[1].data_type.shape = Shape::Array { dimensions: 1 };
    assert_eq!(relation.tie(2), None);
}

#[test]
fn forms_follow_the_base_type() {
    let form = |oid, shape| data_type(oid, "x", shape).form();
    assert_eq!(form(20, Shape::Plain), Form::Native);
    assert_eq!(form(3802, Shape::Plain), Form::Native);
    assert_eq!(form(1186, Shape::Plain), Form::Text);
    assert_eq!(form(90_000, Shape::Enum), Form::Text);
    assert_eq!(form(90_000, Shape::Composite), Form::Text);
    assert_eq!(form(1007, Shape::Array { dimensions: 0 }), Form::Native);
    assert_eq!(form(1007, Shape::Array { dimensions: 1 }), Form::Native);
    assert_eq!(form(1007, Shape::Array { dimensions: 2 }), Form::Json);
    assert_eq!(form(1231, Shape::Array { dimensions: 1 }), Form::Text);
}

#[test]
fn equality_is_exact_only_where_the_text_decides_it() {
    assert!(data_type(25, "text", Shape::Plain).equality_is_exact());
    assert!(data_type(90_000, "mood", Shape::Enum).equality_is_exact());
    assert!(!data_type(1186, "interval", Shape::Plain).equality_is_exact());
    assert!(!data_type(1700, "numeric", Shape::Plain).equality_is_exact());
    let insensitive = Type {
        deterministic: false,
        ..data_type(25, "text", Shape::Plain)
    };
    assert!(!insensitive.equality_is_exact());
}
