//! Facts about the statements' texts.

use plugin_sdk::kind::Type as _;
use plugin_sdk::relation::{Attribute, Relation};
use plugin_sdk::sql::{Known, Pass, no_rows};

use super::*;
use crate::column_type::Type;

fn operand(column: &str, declared: &str) -> Operand {
    let operand = Type::declared_as(declared, None).operand(column);
    operand.expect("the type has an order")
}

fn behind(behind: usize) -> Known {
    Known {
        behind,
        until: false,
    }
}

fn orders() -> Table<SqlServer> {
    Table {
        source: Source::Table {
            schema: "dbo".to_owned(),
            name: "Orders".to_owned(),
        },
        items: vec!["t.[Id] as [Id]".to_owned()],
        cursor: operand("Updated", "datetime2(3)"),
        key: vec![operand("Id", "bigint")],
        hash: SqlServer::hash(&[operand("Id", "bigint")]),
        nullable: false,
        options: options(0),
    }
}

const FROM: &str = "t.[Id] as [Id] from [dbo].[Orders] as t";

#[test]
fn the_first_page_orders_by_cursor_and_key() {
    assert_eq!(
        orders().page(Pass::Values, behind(0), Bound::Rows(5000)),
        format!("select top (5000) {FROM} order by t.[Updated], t.[Id]")
    );
}

#[test]
fn the_next_page_is_one_range_of_the_index() {
    let after = "t.[Updated] >= cast(@P1 as datetime2(3)) and (t.[Updated] > cast(@P1 as datetime2(3)) \
                 or t.[Updated] = cast(@P1 as datetime2(3)) and t.[Id] > cast(@P2 as bigint))";
    assert_eq!(
        orders().page(Pass::Values, behind(2), Bound::Rows(9)),
        format!("select top (9) {FROM} where {after} order by t.[Updated], t.[Id]")
    );
}

#[test]
fn a_longer_key_is_compared_column_by_column() {
    let table = Table {
        key: vec![operand("A", "int"), operand("B", "bit")],
        ..orders()
    };
    let sql = table.page(Pass::Nulls, behind(2), Bound::All);
    let after = "t.[A] >= cast(@P1 as int) and (t.[A] > cast(@P1 as int) or t.[A] = cast(@P1 as int) and \
                 t.[B] > cast(@P2 as bit))";
    assert_eq!(
        sql,
        format!("select {FROM} where t.[Updated] is null and {after} order by t.[A], t.[B]")
    );
}

#[test]
fn without_a_key_whole_groups_are_read() {
    let table = Table {
        key: vec![],
        ..orders()
    };
    assert_eq!(
        table.page(Pass::Values, behind(1), Bound::RowsWithTies(50)),
        format!(
            "select top (50) with ties {FROM} where t.[Updated] > cast(@P1 as datetime2(3)) order by t.[Updated]"
        )
    );
}

#[test]
fn the_degree_of_parallelism_is_on_every_statement_that_answers_rows() {
    let table = Table {
        options: options(2),
        ..orders()
    };
    let pages = [
        table.page(Pass::Values, behind(2), Bound::Rows(9)),
        table.page(Pass::Nulls, behind(0), Bound::All),
        table.group(1, 1, Bound::Rows(9)),
    ];
    for sql in pages {
        assert!(sql.ends_with(" option (maxdop 2)"), "{sql}");
    }
}

#[test]
fn a_rowversion_is_read_below_the_watermark() {
    let table = Table {
        cursor: operand("Rv", "timestamp"),
        key: vec![],
        ..orders()
    };
    let known = Known {
        behind: 1,
        until: true,
    };
    assert_eq!(
        table.page(Pass::Values, known, Bound::Rows(9)),
        format!(
            "select top (9) {FROM} where t.[Rv] > convert(binary(8), @P1, 1) and t.[Rv] < convert(binary(8), @P2, 1) \
             order by t.[Rv]"
        )
    );
    assert_eq!(
        count_held_back(&table, 3),
        "select count_big(*) from (select top (3) 1 as one from [dbo].[Orders] as t with (nolock) where t.[Rv] >= \
         convert(binary(8), @P1, 1)) as counted"
    );
}

#[test]
fn late_rows_of_a_group_are_counted_with_a_sum_of_hashes() {
    let group = "from [dbo].[Orders] as t where t.[Updated] = cast(@P1 as datetime2(3)) and not (t.[Id] > cast(@P2 as bigint))";
    let hash = |text: &str| {
        format!(
            "convert(nvarchar(40), sum(cast(cast(substring(hashbytes('SHA2_256', {text}), 1, 8) as bigint) as decimal(38, 0))))"
        )
    };
    assert_eq!(
        orders().count_group(1),
        format!(
            "select count_big(*), {} {group}",
            hash("convert(nvarchar(50), t.[Id])")
        )
    );
    let two = Table {
        hash: SqlServer::hash(&[operand("Id", "bigint"), operand("Code", "nvarchar(5)")]),
        ..orders()
    };
    assert!(two.count_group(0).contains(&hash(
        "concat_ws(N',', convert(nvarchar(50), t.[Id]), convert(nvarchar(4000), convert(varbinary(1700), t.[Code]), 1))"
    )));
    assert_eq!(SqlServer::hash(&[]), None);
}

#[test]
fn parameters_are_converted_without_a_table() {
    let (cursor, key) = (operand("Updated", "datetime"), operand("Id", "bigint"));
    assert_eq!(
        parameters(&[&cursor, &key]),
        "select cast(cast(@P1 as datetime2(7)) as datetime), cast(@P2 as bigint)"
    );
}

#[test]
fn a_name_cannot_leave_its_brackets() {
    for (name, quoted) in [
        ("plain", "[plain]"),
        ("dotted.name", "[dotted.name]"),
        ("a]b", "[a]]b]"),
        ("]; drop table x; --", "[]]; drop table x; --]"),
        (r#"say "hi""#, r#"[say "hi"]"#),
        ("straße 🚀", "[straße 🚀]"),
        ("@P1", "[@P1]"),
    ] {
        assert_eq!(SqlServer::identifier(name), quoted);
    }
}

#[test]
fn hostile_names_are_quoted_everywhere() {
    let evil = "x]; drop table y; --";
    let attribute = |declared: &str| Attribute::<SqlServer> {
        name: evil.to_owned(),
        native_type: declared.to_owned(),
        not_null: true,
        readable: true,
        hidden: false,
        data_type: Type::declared_as(declared, None),
    };
    let source = Source::Table {
        schema: evil.to_owned(),
        name: evil.to_owned(),
    };
    let relation = Relation {
        source: source.clone(),
        identity: (),
        columns: vec![
            attribute("datetime2(7)"),
            attribute("sql_variant"),
            attribute("money"),
        ],
        keys: vec![],
        primary_key: vec![],
        ordered: None,
    };
    let columns = relation.columns.iter();
    let mut items = columns.map(Attribute::item).collect::<Vec<_>>();
    items.extend(relation.columns[0].exact_item(3));
    let table = Table::<SqlServer> {
        source,
        items,
        cursor: operand(evil, "datetime2(7)"),
        key: vec![operand(evil, "nvarchar(10)")],
        hash: SqlServer::hash(&[operand(evil, "nvarchar(10)")]),
        nullable: true,
        options: options(1),
    };
    for sql in [
        table.page(Pass::Nulls, behind(1), Bound::Rows(1)),
        table.page(Pass::Values, behind(2), Bound::Rows(1)),
        table.group(1, 1, Bound::All),
        table.count_group(1),
        table.count_nulls(),
        count_held_back(&table, 1),
    ] {
        let rest = sql.replace(&SqlServer::identifier(evil), "");
        assert!(!rest.contains("drop"), "{sql}");
    }
}

#[test]
fn a_query_is_a_source_like_a_table() {
    let source = Source::Query("select 1 as a -- one".to_owned());
    assert_eq!(
        no_rows::<SqlServer>(&source, &["t.[a] as [a]".to_owned()]),
        "select top (0) t.[a] as [a] from (select 1 as a -- one\n) as t"
    );
    assert_eq!(
        columns_of(&source),
        "select t.* from (select 1 as a -- one\n) as t"
    );
}
